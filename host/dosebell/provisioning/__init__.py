"""From a flashed board to a device that may go to a bed: its tests, its production record, its label."""
