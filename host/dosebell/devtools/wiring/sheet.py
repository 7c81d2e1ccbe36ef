"""A sheet of paper for a wiring diagram: wires with the net that they belong to, words with the room that they take, and the SVG of it all.

Pixels, y downwards. Wires are kept apart from strokes, so that a test can hold that none touches a wire of another net, or a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

# As wide as a letter is on average in the widest of the usual fonts, and how far it stands above and below its line, by its size.
_LETTER, _ABOVE, _BELOW = 0.62, 0.78, 0.22
# What a printer leaves of A4 across.
_PAPER_MM = (277.0, 188.0)

Point = tuple[float, float]


@dataclass(frozen=True)
class Wire:
    """A conductor of a net, from corner to corner, each part of it level or upright."""

    net: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Words:
    """A line of text. `anchor`: "start", "middle" or "end"; `x`, `y`: that end of its base line."""

    x: float
    y: float
    text: str
    anchor: str
    size: float
    bold: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the room that it takes at most."""
        width = len(self.text) * self.size * _LETTER
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, self.y - self.size * _ABOVE, left + width, self.y + self.size * _BELOW


@dataclass
class Sheet:
    """What is drawn so far."""

    wires: list[Wire] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    joints: list[Point] = field(default_factory=list)
    strokes: list[str] = field(default_factory=list)

    def wire(self, net: str, *points: Point) -> None:
        """Lay a wire. ValueError for a part that is neither level nor upright."""
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            if x0 != x1 and y0 != y1:
                raise ValueError(f"a wire of {net} goes askew from {x0:g},{y0:g} to {x1:g},{y1:g}")
        self.wires.append(Wire(net, points))

    def joint(self, x: float, y: float) -> None:
        """A dot where wires of one net meet."""
        self.joints.append((x, y))

    def say(
        self, x: float, y: float, text: str, *, anchor: str = "start", size: float = 12, bold: bool = False
    ) -> None:
        """Write a line of text."""
        self.words.append(Words(x, y, text, anchor, size, bold))

    def stroke(self, path: str, *, fill: str = "none", width: float = 1.5, dashed: bool = False) -> None:
        """Draw a part's outline, as an SVG path."""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.strokes.append(f'<path d="{path}" fill="{fill}" stroke-width="{width:g}"{dash}/>')

    def svg(self, width: float, top: float, bottom: float, title: str) -> str:
        """The sheet from `top` to `bottom`, as large as it fits on A4 across."""
        height = bottom - top
        scale = min(_PAPER_MM[0] / width, _PAPER_MM[1] / height)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {top:g} {width:g} {height:g}"'
            f' width="{width * scale:.1f}mm" height="{height * scale:.1f}mm"'
            ' font-family="Liberation Sans, Arial, Helvetica, sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect x="0" y="{top:g}" width="{width:g}" height="{height:g}" fill="#fff"/>',
            '<g fill="none" stroke="#000" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">',
        ]
        for wire in self.wires:
            points = " ".join(f"{x:g},{y:g}" for x, y in wire.points)
            lines.append(f'<polyline class="wire" data-net="{escape(wire.net)}" points="{points}"/>')
        lines += [*self.strokes, "</g>", "<g>"]
        lines += [f'<circle cx="{x:g}" cy="{y:g}" r="3"/>' for x, y in self.joints]
        for each in self.words:
            weight = ' font-weight="bold"' if each.bold else ""
            lines.append(
                f'<text x="{each.x:g}" y="{each.y:g}" text-anchor="{each.anchor}" font-size="{each.size:g}"{weight}>'
                f"{escape(each.text)}</text>"
            )
        return "\n".join([*lines, "</g>", "</svg>", ""])


@dataclass(frozen=True)
class Pen:
    """Draws a part on a sheet from its own corner: x counts away from the Pico, to the left or to the right of it, y down from the part's top."""

    sheet: Sheet
    x0: float
    y0: float
    side: int
    """-1: the part stands at the left of the Pico, 1: at its right."""

    def at(self, x: float, y: float) -> Point:
        return self.x0 + self.side * x, self.y0 + y

    def wire(self, net: str, *points: Point) -> None:
        self.sheet.wire(net, *(self.at(*point) for point in points))

    def joint(self, x: float, y: float) -> None:
        self.sheet.joint(*self.at(x, y))

    def say(self, x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False) -> None:
        """`anchor` "start" lets the text run away from the Pico."""
        if self.side < 0 and anchor != "middle":
            anchor = "end" if anchor == "start" else "start"
        self.sheet.say(*self.at(x, y), text, anchor=anchor, bold=bold)

    def stroke(self, *points: Point, closed: bool = False, filled: bool = False, dashed: bool = False) -> None:
        path = "M" + " L".join("{:g} {:g}".format(*self.at(*point)) for point in points) + (" Z" if closed else "")
        self.sheet.stroke(path, fill="#000" if filled else "none", dashed=dashed)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A rectangle, by its corner that is next to the Pico and on top."""
        self.stroke((x, y), (x + width, y), (x + width, y + height), (x, y + height), closed=True)

    def circle(self, x: float, y: float, radius: float) -> None:
        cx, cy = self.at(x, y)
        r = f"{radius:g}"
        self.sheet.stroke(f"M{cx - radius:g} {cy:g} a{r} {r} 0 1 0 {2 * radius:g} 0 a{r} {r} 0 1 0 {-2 * radius:g} 0")
