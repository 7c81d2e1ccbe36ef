"""Which screen the display shows for which state (A-04, section 3 of the requirements). Pure.

Bed is what is asked: `state`, `desk` (or None while there is none), `recorded`, `unwell` (causes, as the keeper calls them), `stuck` (names of
buttons), `notice` ((what, detail, since) of what was last refused or found, or None), `rehearsal` (a host plays calls), `version`.
"""

from collections import namedtuple

from device.panel.alert_cards import alert_card
from device.panel.answer_cards import notice_card, offer_card
from device.panel.course_cards import ALERTS, course_cards
from device.panel.screen import Card, Screen, soonest
from dosecore.alerts import LOW, alerts
from dosecore.instant import plus, sub
from dosecore.presses import oldest_open

Bed = namedtuple("Bed", ("state", "desk", "recorded", "unwell", "stuck", "notice", "rehearsal", "version"))
TURN_S = 3  # how long each of several cards is shown


def choosing(bed, now):
    """A generator, whose steps take a few ms: of None, and in the end of (Screen, instant at which to choose again if nothing happens, or None)."""
    state = bed.state
    calls, cards, turned = yield from _cards(bed, now)
    yield None
    count = len(cards)
    place = 0
    turns = None
    if count > 1:
        # They take turns from the newest alert on, so that what is new and urgent is seen at once.
        passed = sub(now, turned)[0]
        place = passed // TURN_S % count
        turns = plus(turned, (passed // TURN_S + 1) * TURN_S)
    card = cards[place]
    until = soonest(card.until, turns)
    bench = state.regimen is not None and state.regimen.bench
    yield Screen(_timeless(card), calls[place], place, count, bench, bed.recorded), until


def _timeless(card):
    """The card without its time: two that look alike are equal."""
    return Card(card.title, card.figure, card.lines, card.bar, None)


def _cards(bed, now):
    """([whether it calls], [Card], instant from which they take turns): one that answers the nurse, or all that stand."""
    state, desk = bed.state, bed.desk
    if bed.rehearsal:
        return (
            [True],
            [Card("Alert test", "TEST", ("The host plays a", "call. Nothing to", "be done"), None, None)],
            now,
        )
    offer = None if desk is None else desk.newest_offer(now)
    notice = notice_card(bed, now)
    if offer is not None and (notice is None or offer.since >= bed.notice[2]):
        return [True], [offer_card(state, offer, now)], now
    if notice is not None:
        return [bed.notice[0] != "self-test" or bool(bed.notice[1])], [notice], now
    yield None
    return (yield from _standing(bed, now))


def _standing(bed, now):
    state = bed.state
    number, phase = oldest_open(state)
    found = alerts(state, now)
    course = yield from course_cards(state, bed.desk, now)
    yield None
    calls, cards = [], []
    turned = None
    infusing = phase == "infusing"
    if infusing:
        cards += course
        calls += [False] * len(course)
    shown = infusing
    for alert in found:
        if turned is None or alert.since > turned:
            turned = alert.since
        if alert.slot == number and alert.condition == phase and phase in ALERTS:
            cards += course
            calls += [True] * len(course)
            shown = True
        else:
            cards.append(alert_card(bed, alert, now))
            calls.append(alert.priority >= LOW)
            yield None
    if not shown:
        cards += course
        calls += [False] * len(course)
    if not cards:
        cards.append(Card("Please wait", "", ("Setting the clock" if state.offset is None else "",), None, None))
        calls.append(False)
    return calls, cards, turned or (0, 0)
