"""An independent calculation of a course: what the specification says happens, for the core and for the emulated board to be held against."""
