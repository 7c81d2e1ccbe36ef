"""Each call, offer and feedback sound as a score: docs/pictures/calls.svg, drawn from what the emulated board's pins do while it plays them.

Lights are bars where they are lit; a tone is a bar as long as it sounds, the higher the pitch the higher on its lines.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dosebell.call_words import CONDITIONS, SERIES
from dosebell.image.files import ROOT
from dosebell.sim import Tone, flash_from_uf2
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.prepared import configured

IMAGE = ROOT / "build" / "dosebell-pico.uf2"
PICTURE = ROOT / "docs" / "pictures" / "calls.svg"
SHOWN_S = 4.0
LIGHTS = {"red": "#c62828", "yellow": "#f9a825", "green": "#2e7d32"}
SOUND = "#263238"
# Pixels: a second, the column of names, a row and what is in it.
SECOND, NAMES, ROW, LANE, LIT = 140, 130, 66, 9, 6
STAFF, NOTE = 24, 5
TOP, MARGIN = 26, 10
LOWEST_HZ, HIGHEST_HZ = 300, 1000


@dataclass(frozen=True)
class Row:
    """What was played: when each light was lit, and what sounded, in seconds from its beginning."""

    name: str
    lit: Mapping[str, Sequence[tuple[float, float]]]
    tones: Sequence[Tone]


def lit_spans(bench: EmulatedBench, light: str, begin: float, end: float) -> list[tuple[float, float]]:
    """From when to when a light was lit, in seconds after `begin`, to 10 ms."""
    spans, since = [], None
    for edge in bench.light_edges(light, begin):
        if edge.t > end:
            break
        if edge.level:
            since = edge.t
        elif since is not None:
            spans.append((round(since - begin, 2), round(edge.t - begin, 2)))
            since = None
    return spans if since is None else [*spans, (round(since - begin, 2), round(end - begin, 2))]


def play(bench: EmulatedBench) -> list[Row]:
    """Has the device play all that `dosebell alert test` plays."""
    bench.wait(scenes.BOOTED_S + 2)
    rows = []
    for number, name in enumerate(SERIES):
        asked = bench.now
        answer = scenes.ask(bench, "alert-test", play=name, goes_on=number > 0)
        bench.wait_until(asked + answer["ms"] / 1000 + 0.5)
        edges = [edge.t for light in LIGHTS for edge in bench.light_edges(light, asked)]
        begin = min([*edges, *(tone.start for tone in bench.tones(asked))])
        lit = {light: lit_spans(bench, light, begin, begin + SHOWN_S) for light in LIGHTS}
        rows.append(Row(name, lit, [_from(tone, begin) for tone in bench.tones(asked)]))
    return rows


def _from(tone: Tone, begin: float) -> Tone:
    assert tone.end is not None
    return Tone(round(tone.start - begin, 2), round(tone.end - begin, 2), round(tone.frequency), tone.duty)


def _rect(x: float, y: float, width: float, height: float, colour: str, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _row(row: Row, top: float) -> list[str]:
    out = [f'<g id="{row.name}">', f'<text x="{MARGIN}" y="{top + 22}" font-weight="bold">{row.name}</text>']
    kind = "call" if row.name in (*CONDITIONS, "low", "medium") else "offer" if any(row.lit.values()) else "feedback"
    out.append(f'<text x="{MARGIN}" y="{top + 38}" fill="#607d8b">{kind}</text>')
    for lane, (light, colour) in enumerate(LIGHTS.items()):
        y = top + 4 + lane * LANE
        out.append(_rect(NAMES, y + LIT / 2 - 0.5, SHOWN_S * SECOND, 1, "#cfd8dc", "lane"))
        for begin, end in row.lit[light]:
            out.append(_rect(NAMES + begin * SECOND, y, (end - begin) * SECOND, LIT, colour, light))
    staff = top + 4 + 3 * LANE + 2
    for line in (0, 0.5, 1):
        out.append(_rect(NAMES, staff + line * STAFF, SHOWN_S * SECOND, 0.5, "#b0bec5", "lane"))
    for tone in row.tones:
        assert tone.end is not None
        height = (tone.frequency - LOWEST_HZ) / (HIGHEST_HZ - LOWEST_HZ) * STAFF
        y = staff + STAFF - height - NOTE / 2
        out.append(_rect(NAMES + tone.start * SECOND, y, (tone.end - tone.start) * SECOND, NOTE, SOUND, "tone"))
    if row.tones:
        pitches = " ".join(dict.fromkeys(f"{tone.frequency:.0f}" for tone in row.tones))
        out.append(f'<text x="{NAMES - 6}" y="{staff + 18}" text-anchor="end" fill="#607d8b">{pitches} Hz</text>')
    return [*out, "</g>"]


def drawn(rows: Sequence[Row]) -> str:
    """The rows as an SVG."""
    width, height = NAMES + SHOWN_S * SECOND + 2 * MARGIN, TOP + len(rows) * ROW + MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-family="sans-serif" font-size="11">',
        "<title>What the device looks and sounds like: each call, offer and feedback sound over four seconds</title>",
        _rect(0, 0, width, height, "#ffffff", "paper"),
    ]
    for second in range(int(SHOWN_S) + 1):
        x = NAMES + second * SECOND
        out.append(_rect(x, TOP - 6, 0.5, height - TOP, "#eceff1", "second"))
        out.append(f'<text x="{x}" y="{TOP - 10}" text-anchor="middle" fill="#607d8b">{second} s</text>')
    for number, row in enumerate(rows):
        out += _row(row, TOP + number * ROW)
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    """Draws it anew."""
    with tempfile.TemporaryDirectory() as home:
        bench = EmulatedBench(configured(flash_from_uf2(IMAGE.read_bytes())), Path(home))
        try:
            rows = play(bench)
        finally:
            bench.close()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
