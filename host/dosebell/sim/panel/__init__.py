"""`dosebell sim --panel`: the bedside in a terminal, live. What a nurse sees, hears and presses, with the real firmware underneath.

`watcher` looks at the board's pins, display and flash and says what is seen (`seen.Seen`, plain data); `view` makes rows of
text of that, and nothing else; `hands` presses, `pace` and `skip` let time pass, `loop` takes the keys.
"""
