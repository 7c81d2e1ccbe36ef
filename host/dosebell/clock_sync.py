"""Reading and setting the device's clock (T-02): several exchanges, the quickest one counts."""

from __future__ import annotations

import time
from typing import NamedTuple

from dosebell.client import Client
from dosebell.errors import DosebellError
from dosebell.times import EPOCH, Instant, now_utc, rfc3339, to_instant

EXCHANGES = 12
BOUND_MAX_MS = 1000  # a clock set to no better than this is not worth the name
_EPOCH_MS = int(EPOCH.timestamp()) * 1000
EARLIEST_YEAR = 2025


class Exchange(NamedTuple):
    """One `clock-get`: the device's monotonic instant lay within `bound_ms` of the host's UTC."""

    mono: Instant
    utc: Instant
    bound_ms: int
    device_utc: Instant | None
    quality: str
    boot: int


def exchange(client: Client) -> Exchange:
    """Ask once. The host's own clock may be stepped meanwhile, so the length is taken from its monotonic one."""
    sent_ms = time.time_ns() // 1_000_000
    begun = time.monotonic_ns()
    answer = client.ask("clock-get")
    took_us = (time.monotonic_ns() - begun) // 1000
    seconds, ms = divmod(sent_ms + took_us // 2000 - _EPOCH_MS, 1000)
    utc = answer["utc"]
    return Exchange(
        tuple(answer["mono"]),
        (seconds, ms),
        -(-took_us // 2000),
        None if utc is None else tuple(utc),
        answer["quality"],
        answer["boot"],
    )


def best(client: Client, count: int = EXCHANGES) -> Exchange:
    """The quickest of `count` exchanges; a slow one only widens the bound, so all others are discarded. Errors: clock-unsure, wrong-boot."""
    exchanges = [exchange(client) for _ in range(count)]
    if len({one.boot for one in exchanges}) > 1:
        raise DosebellError("wrong-boot")
    quickest = min(exchanges, key=lambda one: one.bound_ms)
    if quickest.bound_ms > BOUND_MAX_MS:
        raise DosebellError("clock-unsure", count=count, value=quickest.bound_ms)
    return quickest


class Sync(NamedTuple):
    """What a sync did: the device's UTC before (None: unknown) and after, at one moment, and how sure the new one is."""

    old: Instant | None
    new: Instant
    bound_ms: int
    step_ms: int | None


def sync(client: Client) -> Sync:
    """Set the device's clock from this computer's. Errors: host-clock-wrong, clock-unsure, wrong-boot, device-swapped."""
    here = now_utc()
    if here.year < EARLIEST_YEAR:
        raise DosebellError("host-clock-wrong", value=rfc3339(to_instant(here)))
    one = best(client)
    client.same_device()
    answer = client.ask("clock-set", mono=list(one.mono), utc=list(one.utc), bound_ms=one.bound_ms, boot=one.boot)
    old, new = answer["old"], answer["utc"]
    step = None if old is None else (new[0] - old[0]) * 1000 + new[1] - old[1]
    return Sync(None if old is None else tuple(old), tuple(new), one.bound_ms, step)
