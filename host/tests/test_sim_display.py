"""The emulated SSD1306 against its data sheet: what the golden pictures of the screens stand on."""

from pathlib import Path

import pytest
from PIL import Image

from dosebell.sim.display import ADDRESS, HEIGHT, WIDTH, Display, lit

pytestmark = pytest.mark.req("A-04", "Q-01")

# On, upright, memory filled from left to right and from top to bottom.
UPRIGHT = (0x8D, 0x14, 0xA1, 0xC8, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7, 0xAF)


class Wires:
    """A display, and the transfers of a master."""

    def __init__(self) -> None:
        self.display = Display()

    def send(self, *data: int) -> None:
        self.display.start(True)
        assert all(self.display.write(byte) for byte in data)
        self.display.stop()

    def command(self, *data: int) -> None:
        self.send(0x00, *data)

    def picture(self, *data: int) -> None:
        self.send(0x40, *data)

    def upright_and_blank(self) -> None:
        self.command(*UPRIGHT)
        self.picture(*bytes(WIDTH * HEIGHT // 8))

    def lit(self) -> list[tuple[int, int]]:
        return list(lit(self.display))


def test_it_wakes_up_dark_and_with_noise_in_its_memory() -> None:
    wires = Wires()
    assert ADDRESS == 0x3C
    assert not wires.display.on
    assert not wires.lit()
    wires.command(*UPRIGHT)
    assert wires.display.on
    assert len(wires.lit()) > 1000


def test_without_its_charge_pump_it_stays_dark() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(0xFF)
    wires.command(0x8D, 0x10)
    assert not wires.lit()


def test_a_byte_is_eight_pixels_down_and_the_next_one_is_to_the_right() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(0x81, 0x01)
    assert wires.lit() == [(0, 0), (1, 0), (0, 7)]


def test_after_the_last_column_comes_the_next_page_and_after_all_the_first() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(*bytes(WIDTH - 1), 0x01, 0x01)
    assert wires.lit() == [(WIDTH - 1, 0), (0, 8)]
    wires.picture(*bytes(7 * WIDTH - 1), 0x02)
    assert (0, 1) in wires.lit()


def test_a_window_is_filled_and_nothing_else() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.command(0x21, 64, 127, 0x22, 3, 3)
    wires.picture(*[0x10] * 64)
    assert wires.lit() == [(x, 28) for x in range(64, 128)]


def test_page_by_page_the_column_is_set_in_two_halves_and_stays_in_its_page() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.command(0x20, 0x02)
    # Commands and picture in one transfer: each command byte after a control byte of its own.
    wires.send(0x80, 0xB7, 0x80, 0x0F, 0x80, 0x17, 0x40, 0x80, 0x80)
    assert wires.lit() == [(0, 63), (127, 63)]


@pytest.mark.parametrize(("turn", "seen"), [(0xA0, (127, 0)), (0xC0, (0, 63))])
def test_turned_in_one_way_it_shows_the_mirror_image(turn: int, seen: tuple[int, int]) -> None:
    wires = Wires()
    wires.command(*UPRIGHT, turn)
    wires.picture(*bytes(WIDTH * HEIGHT // 8))
    wires.picture(0x01)
    assert wires.lit() == [seen]


def test_inverted_and_all_lit_are_what_is_seen_and_leave_the_memory_as_it_was() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(0x01)
    wires.command(0xA7)
    assert len(wires.lit()) == WIDTH * HEIGHT - 1
    wires.command(0xA5)
    assert not wires.lit()
    wires.command(0xA6)
    assert len(wires.lit()) == WIDTH * HEIGHT
    wires.command(0xA4)
    assert wires.lit() == [(0, 0)]


def test_the_start_line_moves_the_picture_up() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(0x08)
    wires.command(0x43)
    assert wires.lit() == [(0, 0)]


def test_half_the_height_lights_half_the_lines() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.command(0xA5, 0xA8, 31)
    assert len(wires.lit()) == WIDTH * 32


def test_it_says_whether_it_is_on_and_how_bright() -> None:
    wires = Wires()
    wires.command(0x81, 0x20)
    assert (wires.display.read(), wires.display.contrast) == (0x40, 0x20)
    wires.command(0xAF)
    assert wires.display.read() == 0


def test_without_power_it_forgets_everything() -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.display.lose_power()
    assert not wires.lit()
    wires.command(*UPRIGHT)
    assert len(wires.lit()) > 1000


def test_a_png_is_what_is_seen(tmp_path: Path) -> None:
    wires = Wires()
    wires.upright_and_blank()
    wires.picture(0x02)
    wires.display.png(tmp_path / "screen.png", scale=2)
    with Image.open(tmp_path / "screen.png") as picture:
        assert picture.size == (2 * WIDTH, 2 * HEIGHT)
        bright = [(x, y) for x in range(8) for y in range(8) if picture.getpixel((x, y))]
    assert bright == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert wires.display.rows()[1] == "#" + "." * (WIDTH - 1)
