"""Every screen of the display in its frame: docs/pictures/screen-*.png, made from the golden pictures, to which the suite holds the emulated board."""

from pathlib import Path

from PIL import Image

from hil_tests.screens import GOLDEN, PICTURES

SCALE = 4
# The glass of a module: blue-white light, and the dark rim around the picture.
LIT, DARK, RIM_COLOUR = (214, 236, 255), (6, 10, 20), (28, 30, 34)
RIM = 6  # pixels of the display


def framed(golden: Path) -> Image.Image:
    """A golden picture, enlarged and in the colours of a display."""
    with Image.open(golden) as picture:
        mask = picture.convert("1")
    width, height = mask.size
    shown = Image.new("RGB", (width + 2 * RIM, height + 2 * RIM), RIM_COLOUR)
    shown.paste(DARK, (RIM - 2, RIM - 2, RIM + width + 2, RIM + height + 2))
    shown.paste(LIT, (RIM, RIM), mask)
    return shown.resize((shown.width * SCALE, shown.height * SCALE), Image.Resampling.NEAREST)


def main() -> None:
    """Draws them all anew."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for golden in sorted(GOLDEN.glob("*.png")):
        framed(golden).quantize(8).save(PICTURES / f"screen-{golden.stem}.png", optimize=True)


if __name__ == "__main__":
    main()
