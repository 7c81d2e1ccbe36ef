"""The serial link: frames, credit, requests. Specified in docs/protocol.md."""
