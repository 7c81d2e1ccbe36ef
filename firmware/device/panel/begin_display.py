"""What a display needs is imported module by module, one in a calm moment: all together they would hold the loop up for 0.1 s."""

CODE = "display"  # of its faults
NEVER = (0x3FFFFFFF, 0)
_FIRST = ("device.panel.durations", "device.panel.screen", "device.panel.course_cards", "device.panel.alert_cards")
_THEN = ("device.panel.answer_cards", "device.panel.screens", "device.panel.figures", "device.panel.canvas")
_LAST = ("device.drivers.ssd1306", "device.panel.display")


def steps(chores, device, collect):
    """The chores that begin a display: its imports, with garbage collected between them so that what stays lies close together.

    One that fails ends them until the next boot: everything works without a display, so this is no reason to begin anew.
    """

    def begin():
        from device.panel.display import Display

        chores.display = Display(device)

    def attempt(step):
        try:
            step()
        except Exception as error:
            from device.last_words import words_of

            chores.first = []
            chores.display_at = NEVER
            device.keeper.fault(CODE, words_of(error), device.clock.now())
            device.changed = True

    found = []  # type: list
    for names in (_FIRST, _THEN, _LAST):
        for name in names:
            found.append(lambda name=name: attempt(lambda: __import__(name)))
        found.append(collect)
    found.append(lambda: attempt(begin))
    return found
