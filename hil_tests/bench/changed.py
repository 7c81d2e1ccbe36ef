"""Images of the firmware with changed sources: another version, a newer journal format, a module that is broken on purpose."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dosebell.image import build_image
from dosebell.image.files import BOARDS, FIRMWARE

Change = str | None | Sequence[tuple[str, str]]
"""What becomes of a source file: a new text for it, None to leave it out, or pairs of a passage and what stands in its place."""


def build_changed(changes: Mapping[str, Change], *, version: str | None = None) -> bytes:
    """The UF2 of the Pico's firmware with `changes` by path below firmware/ ("device/chores.py"), and with that version if one is given.

    AssertionError if a passage does not stand in its file exactly once: a test must notice that what it breaks has moved. Takes about 0.2 s.
    For a new board: `flash_from_uf2(uf2)`; copied onto a board that has a past: `flash_from_uf2(uf2, bench.pico.snapshot())`.
    """
    with tempfile.TemporaryDirectory() as folder:
        firmware = Path(folder) / "firmware"
        shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
        for path, change in changes.items():
            _change(firmware / path, change)
        return build_image(
            BOARDS / "pico.toml", firmware, Path(folder) / "changed.uf2", version=version
        ).path.read_bytes()


def _change(source: Path, change: Change) -> None:
    if change is None:
        source.unlink()
    elif isinstance(change, str):
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(change, encoding="utf-8")
    else:
        text = source.read_text(encoding="utf-8")
        for old, new in change:
            assert text.count(old) == 1, f"{source.name}: {old!r} stands there {text.count(old)} times"
            text = text.replace(old, new)
        source.write_text(text, encoding="utf-8")
