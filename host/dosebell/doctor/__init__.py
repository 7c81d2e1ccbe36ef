"""`dosebell doctor`: what may be wrong between this computer and a device, each with the command that mends it. It changes nothing and never needs root.

`system` reads the computer, under a folder that a test may invent; `computer`, `usb`, `port` and `device` look, each at one kind of thing; `examine` has the
order.
"""
