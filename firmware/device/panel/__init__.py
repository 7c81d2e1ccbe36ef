"""What light and sound say for which alert (A-01, A-02). Data and pure players; pins are in `drivers`."""
