"""Draws the large figures of the display: `python -m dosebell.devtools.figures` writes them anew into firmware/device/panel/figures.py.

The font is Aileron (dotcolon.net, CC0), which Pillow brings along; it is made a little narrower and bolder, so that "23 h 59 min"
fits 128 pixels and can be read at arm's length. Run it when a screen needs a letter that is not there yet (CHARACTERS).
"""

from PIL import Image, ImageDraw, ImageFont

from dosebell.image.files import ROOT

CHARACTERS = "0123456789ACDEFHIKLNOPRSTUVWYdehimnos"
FILE = ROOT / "firmware" / "device" / "panel" / "figures.py"
HEIGHT = 24
SMALL = 14  # of the small letters, from the top of an h
FINER = 4  # drawn so much larger, then made smaller
FINE_SIZE, FINE_BOLDER = 136, 2
SMALL_SIZE, SMALL_BOLDER = 76, 1
NARROWER, THRESHOLD = 0.82, 110
BEGIN, END = "# Drawn by `python -m dosebell.devtools.figures`; not to be edited.\n", "# To here.\n"
DATA = """HEIGHT = 24
CHARACTERS = "{characters}"
WIDTHS = (
{widths})
# Each character as three rows of bytes, eight pixels down in a byte, the lowest bit on top.
COLUMNS = (
{columns})
"""


def drawn(character: str) -> Image.Image:
    """The character in black and white, HEIGHT pixels high, as wide as it is. All stand on the lower edge."""
    small = character.islower()
    size, bolder, high = (SMALL_SIZE, SMALL_BOLDER, SMALL) if small else (FINE_SIZE, FINE_BOLDER, HEIGHT)
    font = ImageFont.load_default(size=size)
    left, _, right, _ = font.getbbox(character)
    _, top, _, bottom = font.getbbox("h" if small else "H")
    margin = 4 * FINER
    fine = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top)))
    ImageDraw.Draw(fine).text((margin - left, -top), character, fill=255, font=font, stroke_width=bolder)
    width = round(fine.width * NARROWER * high / fine.height)
    picture = fine.resize((width, high), Image.Resampling.LANCZOS).point(lambda grey: 255 if grey > THRESHOLD else 0)
    box = picture.getbbox()
    assert box is not None
    whole = Image.new("L", (box[2] - box[0], HEIGHT))
    whole.paste(picture.crop((box[0], 0, box[2], high)), (0, HEIGHT - high))
    return whole


def columns(picture: Image.Image) -> bytes:
    """The picture as the display's memory wants it."""
    return bytes(
        sum((picture.getpixel((x, page + bit)) == 255) << bit for bit in range(8))
        for page in range(0, HEIGHT, 8)
        for x in range(picture.width)
    )


def as_lines(data: bytes) -> str:
    """Literals of up to 24 bytes, a line each."""
    rows = (data[at : at + 24] for at in range(0, len(data), 24))
    return "".join('    b"' + "".join(f"\\x{byte:02x}" for byte in row) + '"\n' for row in rows)


def data() -> str:
    """What is drawn, as Python."""
    pictures = [drawn(character) for character in CHARACTERS]
    return DATA.format(
        characters=CHARACTERS,
        widths=as_lines(bytes(picture.width for picture in pictures)),
        columns="".join(as_lines(columns(picture)) for picture in pictures),
    )


def renewed(text: str) -> str:
    """The text of the module, with what stands between BEGIN and END drawn anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"{FILE.name}: no {begin or BEGIN!r} followed by {END!r}"
    return before + begin + data() + end + after


if __name__ == "__main__":
    FILE.write_text(renewed(FILE.read_text()))
