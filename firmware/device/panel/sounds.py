"""Bursts and feedback as data (A-02): tuples of (tone in Hz, duration in ms), 0 Hz being silence.

A burst: pulses of 150 ms, 200 ms apart. Feedback: pulses of 60 ms, 60 ms apart, within 0.1 s of the press that it answers, more than a whole
tone from the pitch of every call: nobody takes it for one. Both lie between 300 and 1000 Hz.
"""

LOW_BURST = ((440, 150), (0, 200), (440, 150))
MEDIUM_BURST = ((660, 150), (0, 200), (660, 150), (0, 200), (660, 150))
BURSTS = {1: LOW_BURST, 2: MEDIUM_BURST}
# A medium burst that had to wait for the end of a low one keeps a pulse's distance from it.
SPACED = ((0, 200),) + MEDIUM_BURST

FEEDBACK = {
    "taken": ((988, 60),),
    "reached": ((988, 60), (0, 60), (988, 60)),  # a long press has done its work: let go
    "offered": ((784, 60), (0, 60), (988, 60)),
    "undone": ((988, 60), (0, 60), (784, 60)),
    "refused": ((330, 60), (0, 60), (330, 60), (0, 60), (330, 60)),
    # NOT RECORDED: refused, twice over and lower; the red light stands besides.
    "not-recorded": ((311, 60), (0, 60)) * 5 + ((311, 60),),
}
