"""A board file as a wiring diagram to solder from and a bill of parts, for any board: `make wiring`."""
