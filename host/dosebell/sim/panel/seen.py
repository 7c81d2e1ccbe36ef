"""What is seen and heard at the bed at one moment, as plain data: what the panel draws. Two that are equal look the same."""

from dataclasses import dataclass

BUTTON_KEYS = {"start": "s", "hold": "h", "pause": "p"}


@dataclass(frozen=True)
class Light:
    """A light: its name, whether it is lit now, its rhythm in words, and its last seconds as a strip of characters."""

    name: str
    lit: bool
    words: str
    strip: str


@dataclass(frozen=True)
class Button:
    """A button: its name, for how long it has been down in tenths of a second (None: it is up), and whether it stays down by itself."""

    name: str
    down_tenths: int | None = None
    kept: bool = False


@dataclass(frozen=True)
class Seen:
    """One moment at the bed.

    seconds: simulated, since the device was switched on. speed: asked, in simulated seconds a second; reached: the true one, None while it is not
    measured yet. picture: the display's 16 rows of 64 braille characters, None without a display. sound: what is heard now, empty in silence. heard,
    logged: what was heard and journaled lately, the newest first, with its age. notice: one short sentence from the panel itself.
    """

    seconds: int = 0
    speed: float = 1.0
    reached: float | None = None
    skipping: bool = False
    port: str = ""
    lights: tuple[Light, ...] = ()
    buttons: tuple[Button, ...] = ()
    picture: tuple[str, ...] | None = None
    sound: str = ""
    heard: tuple[str, ...] = ()
    logged: tuple[str, ...] = ()
    notice: str = ""
    help: bool = False
