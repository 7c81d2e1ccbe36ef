"""One module for each part of the board. Drivers know nothing of doses."""
