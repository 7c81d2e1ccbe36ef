"""Hardware-in-the-loop tests of Dosebell, and the bench that they run on."""
