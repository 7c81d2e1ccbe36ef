"""The thin shell around the core: senses, remembers, signals. Nothing here decides about doses."""
