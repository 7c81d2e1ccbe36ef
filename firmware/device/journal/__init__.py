"""The event journal in flash: power-cut-safe, chained, every record stored twice. Format and invariants: docs/journal.md."""
