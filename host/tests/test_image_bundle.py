"""The bundle in which the board finds its modules (B-01)."""

import struct

import pytest

from dosebell.image.bundle import BUNDLE, bundled, pack

pytestmark = pytest.mark.req("B-01")

FILES = {
    "device/app.mpy": b"M\x06app",
    "device/link/frames.mpy": b"M\x06",
    "dosecore/view.mpy": b"M",
    "dosebell_build.mpy": bytes(range(256)) * 20,
}


def unpack(bundle: bytes) -> dict[str, bytes]:
    """The bundle as the board reads it: from the description, not from `pack`."""
    count, size = struct.unpack_from("<HH", bundle)
    names = bundle[4 : 4 + size].decode().split("\n")
    offsets = struct.unpack_from(f"<{count + 1}I", bundle, 4 + size)
    return {name: bundle[offsets[at] : offsets[at + 1]] for at, name in enumerate(names)}


def in_bundle(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files with the names that they have there, and the folders."""
    folders = {"": b"", "/device": b"", "/device/link": b"", "/dosecore": b""}
    return {f"/{name}": content for name, content in files.items()} | folders


def test_a_bundle_holds_every_file_whole() -> None:
    assert unpack(pack(FILES)) == in_bundle(FILES)


def test_what_the_board_needs_first_or_without_a_bundle_lies_beside_it() -> None:
    beside = {"main.py": b"import micropython\n", "loader.mpy": b"M\x06", "last_call.mpy": b"M\x06"}
    laid = bundled(FILES | beside)
    assert sorted(laid) == [BUNDLE, "dosebell_build.mpy", "last_call.mpy", "loader.mpy", "main.py"]
    assert unpack(laid[BUNDLE]) == in_bundle(FILES)
    assert laid["dosebell_build.mpy"] == FILES["dosebell_build.mpy"]


def test_without_a_loader_nothing_changes() -> None:
    assert bundled(FILES) == FILES
