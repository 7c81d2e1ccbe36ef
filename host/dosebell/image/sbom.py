"""The software bill of materials of an image, CycloneDX 1.6 in JSON: what lies on the board, of which version, with which hash.

It depends on the image alone: no time stamp, and a serial number made of the image's hash. So the same sources give the same bytes here too.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dosebell.image.contents import BY_IMAGE, COMMIT_OF, Part
from dosebell.image.micropython import MicroPython

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "dosebell.image")
_APPLICATION, _RUNTIME = "dosebell-application", "micropython"

Component = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """What the bill is made of. `uf2_sha256`: over the file that is flashed. `modules`: the application's files by path on the board.
    `tools`: versions of what built it, by name."""

    board: str
    version: str
    image_hash: str
    uf2_sha256: str
    micropython: MicroPython
    modules: Mapping[str, bytes]
    tools: Mapping[str, str]


def bill_of_materials(image: Image) -> bytes:
    """The bill as JSON text, sorted and with a line feed at its end."""
    parts = BY_IMAGE.get(image.micropython.sha256, ())
    root = f"dosebell-{image.board}"
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, image.uf2_sha256)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "firmware",
                "bom-ref": root,
                "name": root,
                "version": image.version,
                "description": "The image that is flashed. A bedside dose reminder, not a medical device.",
                "licenses": _licences("MIT"),
                "hashes": _sha256(image.uf2_sha256),
                "properties": [{"name": "dosebell:image-hash", "value": image.image_hash}],
            },
            "tools": {"components": [_tool(name, version) for name, version in sorted(image.tools.items())]},
        },
        "components": [_runtime(image.micropython), *map(_part, parts), _application(image)],
        "dependencies": [
            {"ref": root, "dependsOn": [_APPLICATION, _RUNTIME]},
            {"ref": _APPLICATION, "dependsOn": [_RUNTIME]},
            {"ref": _RUNTIME, "dependsOn": [part.name for part in parts]},
        ],
        # Of another image than the known one nobody has looked up the parts.
        "compositions": [
            {"aggregate": "complete", "assemblies": [root, _APPLICATION]},
            {"aggregate": "incomplete" if parts else "unknown", "assemblies": [_RUNTIME]},
        ],
    }
    return (json.dumps(bill, indent=1, sort_keys=True) + "\n").encode()


def _runtime(micropython: MicroPython) -> Component:
    commit = COMMIT_OF.get(micropython.sha256)
    return {
        "type": "firmware",
        "bom-ref": _RUNTIME,
        "name": "micropython",
        "version": micropython.version,
        "licenses": _licences("MIT"),
        "hashes": _sha256(micropython.sha256),
        "purl": f"pkg:github/micropython/micropython@v{micropython.version}",
        "externalReferences": [
            {"type": "distribution", "url": micropython.url, "hashes": _sha256(micropython.sha256)},
            *([{"type": "vcs", "url": f"https://github.com/micropython/micropython/tree/{commit}"}] if commit else []),
        ],
        "properties": [{"name": "dosebell:file", "value": micropython.file}],
    }


def _part(part: Part) -> Component:
    made: Component = {
        "type": "library",
        "bom-ref": part.name,
        "name": part.name,
        "externalReferences": [
            {"type": "vcs" if "github.com" in part.repository else "website", "url": part.repository}
        ],
        "properties": [{"name": "dosebell:known-from", "value": part.known_from}],
    }
    if part.licence is not None:
        made["licenses"] = _licences(part.licence)
    if part.version is not None:
        made["version"] = part.version
    if part.commit is not None:
        made["properties"].append({"name": "dosebell:commit", "value": part.commit})
        owner_and_name = part.repository.removeprefix("https://github.com/").lower()
        made["purl"] = f"pkg:github/{owner_and_name}@{part.commit}"
    return made


def _application(image: Image) -> Component:
    modules = [
        {
            "type": "file",
            "bom-ref": f"file:{name}",
            "name": name,
            "hashes": _sha256(hashlib.sha256(content).hexdigest()),
        }
        for name, content in sorted(image.modules.items())
    ]
    return {
        "type": "application",
        "bom-ref": _APPLICATION,
        "name": "dosebell",
        "version": image.version,
        "licenses": _licences("MIT"),
        "components": modules,
    }


def _tool(name: str, version: str) -> Component:
    return {"type": "application", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}


def _sha256(digits: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digits}]


def _licences(named: str) -> list[dict[str, Any]]:
    """One licence by its SPDX id, or an expression of several."""
    return [{"expression": named}] if " " in named else [{"license": {"id": named}}]
