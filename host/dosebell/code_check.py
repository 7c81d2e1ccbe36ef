"""Proves what code a device runs: reads every file that it could import from, and compares them with the manifest of its image (docs/protocol.md, "Files").

What is imported comes from the bundle, and from the files beside it, as they were at the boot: in service nothing writes to the filesystem, so they are
what is read here. A file more would be found first (`/loader.py`, `/boot.py`, ...): so any file that the image does not have is named. Not
covered: MicroPython itself, which lies outside the filesystem, and code that lies about what it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dosebell import manifest
from dosebell.errors import DosebellError

if TYPE_CHECKING:
    from dosebell.client import Client

Progress = Callable[[int, int], None]
"""Told how many bytes have been read, of how many."""

FILES_MOST = 300  # a board with more files than this is not as built; nobody reads a longer list
_NAMED_MOST = 5


@dataclass(frozen=True)
class CodeCheck:
    """What a device's filesystem holds, against what its image says that it holds. Names are paths without the leading slash."""

    image_hash: str
    """What the running code says."""
    computed_hash: str | None
    """Computed over what was read; None if the bundle has no manifest that can be read."""
    files: dict[str, int] = field(default_factory=dict)
    """Every file, the journal's among them, with its size in bytes."""
    strangers: tuple[str, ...] = ()
    """Files, and folders (with a "/" at their end), that the image does not have. Cut off at FILES_MOST."""
    changed: tuple[str, ...] = ()
    """Files whose size or content is not the image's."""
    missing: tuple[str, ...] = ()
    """Files of the image that are not there."""

    @property
    def ok(self) -> bool:
        """True when everything is as built, and the running code is of that build."""
        return self.computed_hash == self.image_hash and not (self.strangers or self.changed or self.missing)

    def words(self) -> str:
        """What is wrong, for a person; "" when nothing is."""
        found = [
            _named(names, what)
            for names, what in (
                (self.strangers, "not of the image"),
                (self.changed, "changed"),
                (self.missing, "missing"),
            )
            if names
        ]
        if not found and self.computed_hash != self.image_hash:
            found.append(
                f"the code that runs says {self.image_hash}, the files are of {self.computed_hash or 'no image'}"
            )
        return "; ".join(found)

    def error(self) -> DosebellError:
        """The error `code-changed`, which names what is wrong."""
        return DosebellError(
            "code-changed",
            detail=self.words(),
            image=self.image_hash,
            computed=self.computed_hash,
            strangers=list(self.strangers),
            changed=list(self.changed),
            missing=list(self.missing),
        )


def check_code(client: Client, progress: Progress | None = None) -> CodeCheck:
    """Read all code of the device and compare it; about a second. Needs a `client` that has said hello (`connect` does).

    Errors: unknown-request (a firmware that cannot be asked), and those of `Client.ask`.
    """
    files, folders = _listed(client)
    read = _Reader(client, files, progress)
    bundle = read.whole(manifest.BUNDLE) if manifest.BUNDLE in files else b""
    parts = manifest.split(bundle)
    entries = None if parts is None else manifest.read(parts[1])
    said = str(client.identity.get("image"))
    if parts is None or entries is None:
        bad = (manifest.BUNDLE,)
        return CodeCheck(said, None, files, changed=bad if bundle else (), missing=() if bundle else bad)
    computed = manifest.image_hash(parts[1])
    changed = []
    for name, entry in entries.items():
        if name not in files or (entry.digest is None and files[name] == entry.size):
            continue
        content = parts[0] if name == manifest.BUNDLE else b"" if files[name] != entry.size else read.whole(name)
        plain = manifest.without_hash(name, content, computed)
        if len(plain) != entry.size or hashlib.sha256(plain).hexdigest() != entry.digest:
            changed.append(name)
    # Files before folders, and those that lie outermost first: they are what is imported instead of the application.
    strangers = sorted(
        {*files, *folders} - entries.keys(), key=lambda name: (name.endswith("/"), name.count("/"), name)
    )
    missing = sorted(entries.keys() - files.keys())
    return CodeCheck(said, computed, files, tuple(strangers), tuple(changed), tuple(missing))


def end_maintenance(client: Client, found: CodeCheck) -> bool:
    """True if the device was in maintenance, and calls for it: now that its code is proven, it no longer does. Nothing is done unless `found.ok`."""
    if not found.ok or not any(each["condition"] == "maintenance" for each in client.ask("status")["alerts"]):
        return False
    client.ask("proven", image=found.image_hash)
    return True


def _named(names: tuple[str, ...], what: str) -> str:
    """The first names, each as a path, and how many more."""
    shown = ", ".join("/" + name for name in names[:_NAMED_MOST])
    more = f" and {len(names) - _NAMED_MOST} more" if len(names) > _NAMED_MOST else ""
    return f"{what}: {shown}{more}"


def _listed(client: Client) -> tuple[dict[str, int], list[str]]:
    """Every file with its size, and every folder with a "/" at its end, as far as FILES_MOST goes."""
    files: dict[str, int] = {}
    folders: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        at = 0
        more = True
        while more and len(files) + len(folders) < FILES_MOST:
            answer = client.ask("files", folder="/" + folder.rstrip("/"), at=at)
            found, more = answer.get("files"), answer.get("more") is True
            if not isinstance(found, list) or (more and not found):
                raise DosebellError("bad-answer", detail="to files")
            for name, size in found:
                if size is None:
                    folders.append(f"{folder}{name}/")
                    if "?" not in name:  # it stands for a character that cannot be sent
                        waiting.append(f"{folder}{name}/")
                else:
                    files[folder + name] = size
            at += len(found)
    return files, folders


class _Reader:
    """Reads files whole."""

    def __init__(self, client: Client, files: dict[str, int], progress: Progress | None) -> None:
        self._client = client
        self._files = files
        self._progress = progress
        self._done = 0
        self._all = sum(size for name, size in files.items() if name != manifest.JOURNAL)

    def whole(self, name: str) -> bytes:
        content = bytearray()
        while len(content) < self._files[name]:
            part = self._client.ask_raw("file", path="/" + name, at=len(content))
            if not part:
                break
            content += part
            self._done += len(part)
            if self._progress is not None:
                self._progress(self._done, max(self._done, self._all))
        return bytes(content)
