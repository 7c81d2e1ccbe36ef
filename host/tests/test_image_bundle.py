"""The bundle in which the board finds its modules (B-01)."""

import struct

import pytest

from dosebell.image.bundle import bundled, pack
from dosebell.manifest import BUNDLE

pytestmark = pytest.mark.req("B-01")

FILES = {
    "device/app.mpy": b"M\x06app",
    "device/link/frames.mpy": b"M\x06",
    "dosecore/view.mpy": b"M",
    "dosebell_build.mpy": bytes(range(256)) * 20,
}


def unpack(bundle: bytes) -> dict[str, bytes]:
    """The bundle as the board reads it: from the description, not from `pack`."""
    first, end = unpack_list(bundle, 0)
    later, _ = unpack_list(bundle, end)
    return first | later


def unpack_list(bundle: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """One of its two lists, and where its last content ends."""
    count, size = struct.unpack_from("<HH", bundle, at)
    names = bundle[at + 4 : at + 4 + size].decode().split("\n")
    offsets = struct.unpack_from(f"<{count + 1}I", bundle, at + 4 + size)
    found = {name: bundle[offsets[place] : offsets[place + 1]] for place, name in enumerate(names) if name or size}
    return found, offsets[-1]


def in_bundle(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files with the names that they have there, and the folders."""
    folders = {"": b"", "/device": b"", "/device/link": b"", "/dosecore": b""}
    return {f"/{name}": content for name, content in files.items()} | folders


def test_a_bundle_holds_every_file_whole() -> None:
    assert unpack(pack(FILES)) == in_bundle(FILES)


def test_what_no_boot_needs_before_its_first_alert_stands_in_the_second_list_and_all_folders_in_the_first() -> None:
    bundle = pack(FILES)
    first, end = unpack_list(bundle, 0)
    later, _ = unpack_list(bundle, end)
    assert set(later) == {"/device/link/frames.mpy", "/dosecore/view.mpy"}
    assert {name for name, content in first.items() if not content} == {"", "/device", "/device/link", "/dosecore"}


def test_what_the_board_needs_first_or_without_a_bundle_lies_beside_it() -> None:
    beside = {"main.py": b"import micropython\n", "loader.mpy": b"M\x06", "last_call.mpy": b"M\x06"}
    laid = bundled(FILES | beside)
    assert sorted(laid) == [BUNDLE, "dosebell_build.mpy", "last_call.mpy", "loader.mpy", "main.py"]
    assert unpack(laid[BUNDLE]) == in_bundle(FILES)
    assert laid["dosebell_build.mpy"] == FILES["dosebell_build.mpy"]


def test_without_a_loader_nothing_changes() -> None:
    assert bundled(FILES) == FILES
