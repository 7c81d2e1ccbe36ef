"""What each request does: one module per group, and the table of them all."""
