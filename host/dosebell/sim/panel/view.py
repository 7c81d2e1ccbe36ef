"""The panel's rows, made of what is seen and of nothing else: 24 rows of 80 columns, whatever is shown."""

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from dosebell.sim.panel.seen import BUTTON_KEYS, Button, Light, Seen

WIDTH, HEIGHT = 80, 24
BOX_ROWS, BOX_COLUMNS = 18, 66
TITLE = " DOSEBELL at the bed: emulated, for training; not a medical device"
KEYS = " s START  h HOLD  p PAUSE  S H P keep down  + - speed  n next  ? help  q quit"
_COLOURS = {"red": "red", "yellow": "yellow", "green": "green", "alive": "cyan"}
_INNER = BOX_COLUMNS - 2

HELP = """
 THE BUTTONS
   s h p    press START, HOLD, PAUSE
   S H P    keep it down, until the same key comes again;
            the seconds are counted beside it (2 s, 3 s, 5 s matter)
 TIME
   + -      faster, slower: 1 x to 3600 x
   1        real time; so does any button, and any program that talks
   n        next event: as fast as it goes, until a light, a sound or
            the log has news; any key stops it

 To set it up, in another window:
   dosebell --port {port} clock sync
   dosebell --port {port} configure hd-il2     then P, 2 s, P here
   dosebell --port {port} course start         the same

 ? goes back                                                q quits""".lstrip("\n")

NO_DISPLAY = """



              This bed has no display.

              Lights, sound and buttons are all that there is,
              and all that is needed.

              ? explains the keys."""


def rows(seen: Seen) -> list[Text]:
    """The 24 rows."""
    title = Text(_title(seen.port), "bold reverse")
    beside = list(_beside(seen))
    middle = [_joined(box, side) for box, side in zip(_box(seen), beside, strict=True)]
    return [title, *middle, *_below(seen)]


def too_small(width: int, height: int) -> list[Text]:
    """What a window that is too small says."""
    words = (
        f"The panel needs {WIDTH} x {HEIGHT} characters; this window has {width} x {height}. Make it larger. q quits."
    )
    return [Text(words)]


def _title(port: str) -> str:
    """What this is, and the port at the right end of the row; of a long path its end."""
    room = WIDTH - cell_len(TITLE) - 2
    while cell_len(port) > room:
        port = "…" + port[2:]
    return TITLE + " " * (room - cell_len(port) + 1) + port + " "


# -- the large box: display, help, or the word that there is none
def _box(seen: Seen) -> Iterator[Text]:
    if seen.help:
        heading, inside, style = " help ", _lines(HELP.format(port=seen.port)), ""
    elif seen.picture is None:
        heading, inside, style = "", _lines(NO_DISPLAY), ""
    else:
        heading, inside, style = " display ", list(seen.picture), "bright_white"
    yield Text("╭" + heading.center(_INNER, "─") + "╮", "dim")
    for line in inside:
        yield Text.assemble(("│", "dim"), (set_cell_size(line, _INNER), style), ("│", "dim"))
    yield Text("╰" + "─" * _INNER + "╯", "dim")


def _lines(text: str) -> list[str]:
    lines = text.splitlines()[: BOX_ROWS - 2]
    return lines + [""] * (BOX_ROWS - 2 - len(lines))


def _joined(box: Text, side: Text) -> Text:
    row = Text.assemble(box, " ", side)
    row.truncate(WIDTH, pad=True)
    return row


# -- beside it: lights and buttons
def _beside(seen: Seen) -> Iterator[Text]:
    lines: list[Text] = []
    for light in seen.lights:
        lines += _light(light)
    lines.append(Text())
    for button in seen.buttons:
        lines += _button(button)
    lines += [Text()] * (BOX_ROWS - len(lines))
    yield from lines[:BOX_ROWS]


def _light(light: Light) -> Iterator[Text]:
    """Lit or not is told by the disc and the capitals, not by colour alone."""
    colour = _COLOURS.get(light.name, "white")
    if light.name == "alive":
        yield Text(f"{'●' if light.lit else '○'} alive {light.words}", colour if light.lit else "dim")
        return
    if light.lit:
        yield Text(f"● {light.name.upper():<11}", f"bold black on {colour}")
    else:
        yield Text(f"○ {light.name}", "dim")
    yield Text(f"  {light.words}", "" if light.words == "dark" else "bold")
    yield Text(light.strip, colour)


def _button(button: Button) -> Iterator[Text]:
    name = f"{BUTTON_KEYS.get(button.name, '?')} {button.name.upper()}"
    if button.down_tenths is None:
        yield Text(f"[{name}]")
        yield Text()
    else:
        yield Text(f"▼{name}▼", "reverse bold")
        yield Text(f"  down {button.down_tenths // 10}.{button.down_tenths % 10} s", "bold")


# -- below: sound, log, time, keys
def _below(seen: Seen) -> Iterator[Text]:
    now = Text.assemble((" SOUND ", "bold"), (seen.sound, "bold reverse") if seen.sound else ("silence", "dim"))
    yield _padded(now)
    yield _padded(Text.assemble((" heard ", "dim"), _list(seen.heard)))
    yield _padded(Text.assemble((" log   ", "dim"), _list(seen.logged)))
    yield _padded(Text.assemble((" TIME  ", "bold"), _time(seen), "   ", (seen.notice, "bold yellow")))
    yield _padded(Text(KEYS[:WIDTH], "reverse"))


def _list(said: tuple[str, ...]) -> str:
    """As many as fit, the newest first; the first one always, cut if it must be."""
    room = WIDTH - 8
    text = ""
    for words in said:
        longer = f"{text} | {words}" if text else words
        if text and cell_len(longer) > room:
            break
        text = longer
    return set_cell_size(text, room).rstrip() if text else "nothing yet"


def _padded(row: Text) -> Text:
    row.truncate(WIDTH, pad=True)
    return row


def _time(seen: Seen) -> str:
    days, rest = divmod(seen.seconds, 86_400)
    text = (f"{days} d " if days else "") + f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d} since power-on"
    if seen.skipping:
        return f"{text}   to the next event ..."
    reaches = f" (reaches {_number(seen.reached)} x)" if seen.reached is not None else ""
    return f"{text}   {seen.speed:g} x{reaches}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
