"""Which regimen a device has, whole: from its own journal, where every sector begins with a checkpoint of the state."""

from __future__ import annotations

from typing import Any

from dosebell.client import Client
from dosebell.errors import DosebellError
from dosebell.journal_reader import read_sector


def regimen_of(client: Client) -> dict[str, Any]:
    """The data of the configured regimen. Errors: unconfigured, data-damaged."""
    from dosecore import checkpoint

    name = client.ask("status")["course"]["regimen"]
    if name is None:
        raise DosebellError("unconfigured", by_device=True)
    newest = client.ask("log-info")["epochs"][1]
    first_copy = client.ask_raw("log", epoch=newest, slot=0, copy=0)
    sector = read_sector(newest, first_copy, lambda: client.ask_raw("log", epoch=newest, slot=0, copy=1))
    data: dict[str, Any] | None = None
    for stored in sector.events:
        if stored.event is None:
            continue
        if stored.event.kind == "checkpoint":
            state = checkpoint.unpack(stored.event.detail["state"])
            data = None if state.regimen is None else state.regimen.data
        elif stored.event.kind == "configured":
            data = stored.event.detail["regimen"]
    if data is None or data["name"] != name:
        raise DosebellError(
            "data-damaged", detail="the newest part of the journal does not hold the configured regimen"
        )
    return data
