"""The pure core of Dosebell: what is due, what a press means, what is called. No machine, no input or output, no clock reads."""
