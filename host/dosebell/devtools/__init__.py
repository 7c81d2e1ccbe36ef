"""Tools for working on Dosebell itself; nothing here is needed to use it."""
