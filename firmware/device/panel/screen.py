"""What the display shows, as plain data: what `screens` chooses and `canvas` draws."""

from collections import namedtuple

LINE = 16  # characters of 8 pixels in a line
LINES = 3

# title: up to LINE characters; with BENCH beside it only the words within the first 11.
# figure: words of digits or capitals are drawn 24 pixels high, small letters beside them as text: "2 h 14 min".
# lines: up to LINES of up to LINE characters; one less with a bar.
# bar: None, or how much of it is full, 0 to 126.
# until: instant at which something else is to be shown if nothing happens, or None.
Card = namedtuple("Card", ("title", "figure", "lines", "bar", "until"))

# card, and: calls: it wants something of the nurse. place, count: which card of how many that take turns. bench: no patient's device.
# recorded: False while the journal refuses.
Screen = namedtuple("Screen", ("card", "calls", "place", "count", "bench", "recorded"))


def soonest(*instants):
    """The earliest of the instants that are not None, or None."""
    found = [at for at in instants if at is not None]
    return min(found) if found else None


def counts(numbers):
    """Lines that tell outcomes in words: numbers of given, partial, held, missed, unknown. Partial and unknown only where there are some."""
    given, partial, held, missed, unknown = numbers
    told = ["Given %d" % given, "Held %d" % held, "Missed %d" % missed]
    if partial:
        told.insert(1, "Part %d" % partial)
    if unknown:
        told.append("Unseen %d" % unknown)
    lines = [told[0]]
    for word in told[1:]:
        if len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines
