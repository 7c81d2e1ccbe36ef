"""The bundle in which the board finds its modules (B-01)."""

import struct

import pytest

from dosebell.image.bundle import BUNDLE, bundled, pack

pytestmark = pytest.mark.req("B-01")

FILES = {"device/app.mpy": b"M\x06app", "dosecore/view.mpy": b"", "dosebell_build.mpy": bytes(range(256)) * 20}


def unpack(bundle: bytes) -> dict[str, bytes]:
    """The bundle as the board reads it: from the description, not from `pack`."""
    (count,) = struct.unpack_from("<H", bundle)
    at, found = 2, {}
    for _ in range(count):
        end = at + 1 + bundle[at]
        offset, size = struct.unpack_from("<II", bundle, end)
        found[bundle[at + 1 : end].decode()] = bundle[offset : offset + size]
        at = end + 8
    return found


def test_a_bundle_holds_every_file_whole() -> None:
    assert unpack(pack(FILES)) == FILES


def test_what_the_board_needs_first_stays_outside() -> None:
    laid = bundled(FILES | {"main.py": b"import micropython\n", "loader.mpy": b"M\x06"})
    assert sorted(laid) == [BUNDLE, "loader.mpy", "main.py"]
    assert unpack(laid[BUNDLE]) == FILES


def test_without_a_loader_nothing_changes() -> None:
    assert bundled(FILES) == FILES
