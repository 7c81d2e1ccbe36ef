"""Putting an image on boards, and proving that it runs there: what `dosebell flash` and `make flash` do.

`image_file` reads the image, `drives` and `finder` find the boards, `writer` and `picotool` write, `prove` asks the board that came back, `update` is
the whole way of one board.
"""
