"""JSON Schemas (draft 2020-12) of what `--json` prints: one file for each command's result, `event`, `log-line`, `error`; `common` is what they share.

A newer version may add keys at the end of an object: these schemas let unknown keys pass, our tests do not.
"""
