"""`dosebell watch`: any number of devices, live. It only asks for `status`, and lets go of each port between two questions, so that other commands can use it.

`lookout` has a thread for each port and puts what was heard or lost into one queue; `ward` keeps of it one `bed` for each device, by the device's id;
`changes` says what is new, `view` makes rows of text of what is known, and nothing else; `loop` shows either.
"""
