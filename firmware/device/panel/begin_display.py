"""What a display needs is imported module by module, one in a calm moment: all together they would hold the loop up for 0.1 s."""

_FIRST = ("device.panel.durations", "device.panel.screen", "device.panel.course_cards", "device.panel.alert_cards")
_THEN = ("device.panel.answer_cards", "device.panel.screens", "device.panel.figures", "device.panel.canvas")
_LAST = ("device.drivers.ssd1306", "device.panel.display")


def steps(chores, device, collect):
    """The chores that begin a display: its imports, with garbage collected between them so that what stays lies close together."""

    def begin():
        from device.panel.display import Display

        chores.display = Display(device)

    found = []  # type: list
    for names in (_FIRST, _THEN, _LAST):
        for name in names:
            found.append(lambda name=name: __import__(name))
        found.append(collect)
    found.append(begin)
    return found
