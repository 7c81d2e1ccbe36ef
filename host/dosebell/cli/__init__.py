"""The command line: one module per group of commands. `main` knows their names; a module is imported only when its command runs."""
