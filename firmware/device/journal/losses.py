"""What a boot says of a journal that is not sound. Imported only then."""


def tell(keeper, found, now):
    """Says what the journal has lost, in the journal and by an alert (J-02, J-05). found: the Replay, or None when no sector is whole."""
    if keeper.ring.newer:
        words = "format %d is of a newer firmware" % keeper.ring.newer
    elif found is None:
        words = "blank: a new board, or the log is lost"
    elif found.state is None:
        words = "no checkpoint could be read; the state is lost"
    elif found.gaps:
        words = "events are damaged in both copies"
        for first, last in found.gaps:
            keeper.gap(first, last, now)
    else:
        words = "%d events of a newer firmware" % found.unreadable
    keeper.fault("journal", words, now)
    keeper.condition("journal-fault", True, now)
