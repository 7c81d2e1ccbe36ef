"""Which boards `dosebell flash` takes for those that are meant, and how it waits for one to come back (B-01)."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from dosebell import transport
from dosebell.errors import DosebellError
from dosebell.flash import drives, finder, picotool, prove, update, writer
from dosebell.flash.drives import Drive
from dosebell.flash.finder import Board
from dosebell.flash.image_file import Image, read_image
from dosebell.transport import Found

ANNA, BERT, STRANGER = "e66141040396aaaa", "e66141040396bbbb", "e66141040396cccc"
IMAGE = Image(Path("dosebell-pico.uf2"), b"", "pico", "1.2.3", "0123456789abcdef", "")
LOADER = Drive(Path("/media/anna/RPI-RP2"), "RPI-RP2", "1-2")


def port(number: str, path: str = "/dev/ttyACM0", location: str = "", board: bool = True) -> Found:
    return Found(path, number, "Board in FS mode", board, location)


class Computer:
    """What is plugged in: `ports` by path with what answers there (an identity, or the code of an error), `drives`, `bare` loaders without a drive."""

    def __init__(self, mocker: MockerFixture) -> None:
        self.ports: list[Found] = []
        self.says: dict[str, Any] = {}
        self.drives: list[Drive] = []
        self.bare: list[str] = []
        self.slept = 0.0
        mocker.patch.object(transport, "found", lambda: self.ports)
        mocker.patch.object(drives, "found", lambda: self.drives)
        mocker.patch.object(drives, "unmounted", lambda: self.bare)
        for module in (finder, prove, update):
            mocker.patch.object(module, "connect", self.connect)
        self.clock: Any = SimpleNamespace(monotonic=lambda: self.slept, sleep=self.sleep)
        for module in (prove, update):
            mocker.patch.object(module, "time", self.clock)

    def plug(self, number: str, path: str, says: Any = None, location: str = "") -> None:
        self.ports.append(port(number, path, location))
        self.says[path] = {"id": number, "label": "", "board": "pico", "firmware": "1.0.0"} if says is None else says

    def connect(self, path: str, timeout_s: float, trace: Any = None) -> Any:
        says = self.says.get(path, "no-such-port")
        if isinstance(says, str):
            raise DosebellError(says, port=path)

        class Talk(SimpleNamespace):
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                pass

        return Talk(identity=says, port=SimpleNamespace(name=path, close=lambda: None))

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@pytest.fixture
def computer(mocker: MockerFixture) -> Computer:
    return Computer(mocker)


def code_of(call: Any, *args: Any) -> str:
    with pytest.raises(DosebellError) as failed:
        call(*args)
    return failed.value.code


@pytest.mark.req("B-01")
def test_the_only_board_is_meant_in_service_or_in_its_loader(computer: Computer) -> None:
    computer.plug(ANNA, "/dev/ttyACM0", location="1-1")
    assert [board.id for board in finder.chosen(None, None, False)] == [ANNA]
    computer.ports = []
    computer.drives = [LOADER]
    assert finder.chosen(None, None, False) == [Board(drive=LOADER, location="1-2")]


@pytest.mark.req("B-01")
def test_of_several_one_is_named_by_serial_number_path_or_place_or_all_are_meant(
    computer: Computer, mocker: MockerFixture
) -> None:
    computer.plug(ANNA, "/dev/ttyACM0", location="1-1")
    computer.plug(BERT, "/dev/ttyACM1", location="1-3.2")
    computer.drives = [LOADER]
    assert code_of(finder.chosen, None, None, False) == "several-boards"
    assert [board.id for board in finder.chosen(BERT.upper(), None, False)] == [BERT]
    assert [board.id for board in finder.chosen("/dev/ttyACM1", None, False)] == [BERT]
    assert [board.id for board in finder.chosen(None, "1-3.2", False)] == [BERT]
    for port_name, location in ((None, "1-2"), (str(LOADER.path), None)):
        assert finder.chosen(port_name, location, False) == [Board(drive=LOADER, location="1-2")]
    assert code_of(finder.chosen, None, "1-9", False) == "no-board-there"
    assert [board.id for board in finder.chosen(None, None, True)] == ["", ANNA, BERT]


@pytest.mark.req("B-01")
def test_a_board_that_is_somebody_elses_is_left_alone(computer: Computer) -> None:
    computer.plug(ANNA, "/dev/ttyACM0")
    computer.plug(STRANGER, "/dev/ttyACM1", "not-a-dosebell")
    computer.ports.append(port("1", "/dev/ttyUSB0", board=False))
    assert [board.id for board in finder.chosen(None, None, True)] == [ANNA]


@pytest.mark.req("B-01", "H-06")
@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("not-a-dosebell", "hold-bootsel"),
        ("no-answer", "hold-bootsel"),
        ("protocol-too-old", "hold-bootsel"),
        ("no-permission", "no-permission"),
        ("port-busy", "port-busy"),
    ],
)
def test_a_board_that_cannot_be_asked_is_told_with_what_to_do(computer: Computer, says: str, code: str) -> None:
    computer.plug(ANNA, "/dev/ttyACM0", says)
    assert code_of(finder.chosen, None, None, False) == code
    assert code_of(finder.chosen, ANNA, None, False) == code


@pytest.mark.req("B-01")
def test_nothing_at_all_and_a_loader_of_another_chip_are_told_apart(computer: Computer) -> None:
    assert code_of(finder.chosen, None, None, False) == "no-board"
    computer.drives = [Drive(Path("/media/anna/RP2350"), "RP2350")]
    with pytest.raises(DosebellError) as failed:
        finder.chosen(None, None, False)
    assert failed.value.code == "wrong-board" and "RP2350" in failed.value.sentence
    computer.drives.append(LOADER)  # and one that is right is taken
    assert [board.drive for board in finder.chosen(None, None, False)] == [LOADER]


def test_a_serial_number_that_is_nowhere_is_told_with_a_word_of_the_loader(computer: Computer) -> None:
    computer.drives = [LOADER]
    with pytest.raises(DosebellError) as failed:
        finder.chosen(ANNA, None, False)
    assert failed.value.code == "no-such-port" and "--location" in failed.value.advice


def test_a_board_in_its_loader_without_a_mounted_drive_counts_once(computer: Computer) -> None:
    computer.bare = ["1-2", "1-4"]
    computer.drives = [LOADER]
    assert [(board.drive, board.location) for board in finder.in_loader()] == [(LOADER, "1-2"), (None, "1-4")]


# -- coming back


@pytest.mark.req("B-01")
def test_a_board_that_comes_back_is_known_by_its_id_and_not_by_its_path(computer: Computer) -> None:
    # given a board that was on one path; another comes there, and it itself on a new one
    computer.plug(BERT, "/dev/ttyACM0")
    computer.plug(ANNA, "/dev/ttyACM7", "no-answer")

    def sleep(seconds: float) -> None:
        computer.slept += seconds
        if computer.slept > 2:
            computer.says["/dev/ttyACM7"] = {"id": ANNA}

    computer.clock.sleep = sleep
    # then it is waited for until it answers there
    assert prove.wait_back(ANNA, set(), 30, "/dev/ttyACM0").port.name == "/dev/ttyACM7"
    assert 2 < computer.slept < 3


@pytest.mark.req("B-01")
def test_a_board_of_which_nothing_is_known_is_the_one_that_is_new(computer: Computer) -> None:
    computer.plug(BERT, "/dev/ttyACM0")
    known = prove.others(None)
    computer.plug(ANNA, "/dev/ttyACM1")
    assert prove.wait_back(None, known, 30).identity["id"] == ANNA


@pytest.mark.req("B-01")
@pytest.mark.parametrize(("loaders", "words"), [([], "nothing"), ([LOADER], "is in its loader")])
def test_a_board_that_does_not_come_back_is_waited_for_no_longer_than_said(
    computer: Computer, loaders: list[Drive], words: str
) -> None:
    computer.drives = loaders
    with pytest.raises(DosebellError) as failed:
        prove.wait_back(ANNA, set(), 30)
    assert failed.value.code == "not-back" and 30 <= computer.slept < 31
    assert words in failed.value.sentence or not loaders


# -- into the loader, and out of the ways to write


@pytest.mark.req("B-01")
def test_the_drive_that_appears_is_the_boards_if_it_hangs_where_the_board_did(computer: Computer) -> None:
    other = Drive(Path("/media/anna/RPI-RP21"), "RPI-RP2", "1-9")
    board = Board("/dev/ttyACM0", {"id": ANNA}, location="1-2")
    computer.drives = [other]
    # given that another board was put in its loader meanwhile
    found = [[], [other], [other, LOADER]]

    def sleep(seconds: float) -> None:
        computer.slept += seconds
        computer.drives = found.pop(0) if len(found) > 1 else found[0]

    computer.clock.sleep = sleep
    computer.drives = []
    assert update._its_loader(board, []).drive == LOADER
    # and where nobody knows which is which, neither is written to
    computer.clock.sleep, computer.drives = computer.sleep, [other, LOADER]
    assert code_of(update._its_loader, Board("/dev/ttyACM0", {"id": ANNA}), []) == "several-boards"
    # and a board whose drive nobody mounts is told, after a bounded time
    computer.drives, computer.clock.sleep, computer.slept = [], computer.sleep, 0.0
    assert code_of(update._its_loader, board, []) == "no-loader-drive"
    assert 20 <= computer.slept < 21


def ways(tool: str | None = None) -> update.Ways:
    return update.Ways(False, tool, 30, 3.0, lambda left: None, lambda done, size: None, lambda words: None)


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    ("drive", "installed", "tool", "used"),
    [
        (LOADER, True, None, "copy"),
        (LOADER, True, "picotool", "picotool"),
        (None, True, None, "picotool"),
        (None, False, None, "no-loader-drive"),
        (LOADER, False, "picotool", "picotool-failed"),
        (None, True, "copy", "no-loader-drive"),
    ],
)
def test_picotool_writes_where_no_drive_is_mounted_or_where_it_is_asked_for(
    computer: Computer, mocker: MockerFixture, drive: Drive | None, installed: bool, tool: str | None, used: str
) -> None:
    mocker.patch.object(picotool, "is_installed", return_value=installed)
    load, copy = mocker.patch.object(picotool, "load"), mocker.patch.object(writer, "copy")
    board = Board(drive=drive, location="1-2")
    if used in ("copy", "picotool"):
        assert update._write(board, IMAGE, ways(tool)) == used
        assert [load.called, copy.called] == [used == "picotool", used == "copy"]
    else:
        assert code_of(update._write, board, IMAGE, ways(tool)) == used


@pytest.mark.req("B-01")
def test_an_image_is_read_with_its_record_and_refused_without_or_when_it_was_changed(tmp_path: Path) -> None:
    file, record = tmp_path / "a.uf2", tmp_path / "a.json"
    assert code_of(read_image, file) == "unreadable-file"
    file.write_bytes(b"image")
    assert code_of(read_image, file) == "unreadable-file"
    digest = "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"
    record.write_text(f'{{"board":"pico","version":"1","image_hash":"ab","sha256":"{digest}"}}')
    assert read_image(file) == Image(file, b"image", "pico", "1", "ab", digest)
    file.write_bytes(b"other")
    assert code_of(read_image, file) == "bad-image"
    record.write_text("[]")
    assert code_of(read_image, file) == "bad-image"


# -- what the board says


class Device:
    """A board that answers."""

    def __init__(
        self, firmware: str = "1.2.3", label: str = "bed 7", last: int = 50, newest: bytes = b"events", utc: Any = None
    ) -> None:
        self.identity = {"id": ANNA, "label": label, "board": "pico", "firmware": firmware, "image": IMAGE.image_hash}
        self.port = SimpleNamespace(name="/dev/ttyACM0")
        self.answers = {
            "log-info": {"last": last},
            "status": {"course": {"regimen": "hd-il2", "state": "running"}},
            "clock-get": {"utc": utc},
        }
        self.newest = newest

    def ask(self, do: str, **_: Any) -> Any:
        return self.answers[do]

    def ask_raw(self, do: str, **_: Any) -> bytes:
        return self.newest


def device(**said: Any) -> Any:
    """A Device in a Client's place."""
    return Device(**said)


BEFORE = prove.Before({"label": "bed 7", "firmware": "1.0.0"}, "hd-il2", False, 50, 3, b"event", 2)


@pytest.mark.req("B-01", "J-03")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"firmware": "1.0.0"}, "other-code"),
        ({"label": ""}, "settings-lost"),
        ({"last": 49}, "journal-lost"),
        ({"newest": b"evenings"}, "journal-lost"),
    ],
)
def test_a_board_that_came_back_otherwise_is_told_and_how(said: dict[str, Any], code: str) -> None:
    assert code_of(prove.hold_against, device(**said), IMAGE, BEFORE) == code


def test_a_board_that_was_in_safe_mode_may_know_its_settings_again() -> None:
    before = prove.Before({"label": "", "firmware": "1.0.0"}, None, True, 50, 3, b"event", None)
    assert prove.hold_against(device(), IMAGE, before)["label"] == "bed 7"


@pytest.mark.req("B-01", "J-03")
def test_a_board_that_came_back_as_it_should_says_what_was_kept() -> None:
    found = prove.hold_against(device(), IMAGE, BEFORE)
    assert (found["was"], found["firmware"], found["course"], found["last_seq_before"]) == (
        "1.0.0",
        "1.2.3",
        "running",
        50,
    )


@pytest.mark.req("B-01", "T-02")
@pytest.mark.parametrize(
    ("utc", "differed_s", "what"),
    [([1, 0], 0, "kept"), (None, None, "unset"), (None, 61, "differs"), (None, -3600, "differs"), (None, -60, "set")],
)
def test_the_clock_is_set_only_from_a_computer_that_the_device_agreed_with(
    mocker: MockerFixture, utc: Any, differed_s: int | None, what: str
) -> None:
    sync = mocker.patch("dosebell.flash.prove.clock_sync.sync")
    before = prove.Before(BEFORE.identity, "hd-il2", False, 50, 3, b"event", differed_s)
    assert prove.mend_clock(device(utc=utc), before) == what
    assert sync.called == (what == "set")
