"""The journal for the host: stored slots as they are, and how far the host has them."""

from device.journal import stored
from device.link.acting import act
from dosecore.refusals import Refusal

_SECTORS_MOST = 8  # an answer is bounded: 32 kB


class Raw:
    """Bytes that are answered in base64."""

    def __init__(self, data):
        self.data = data


def number(request, field, low, high, default=None):
    """The whole number, or a Refusal."""
    value = request.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return Refusal("missing-field" if value is None else "bad-field", field, value, low, high)
    return value


def log(device, request, now):
    ring = device.keeper.ring
    epoch = number(request, "epoch", 1, 0x3FFFFFFF)
    slot = number(request, "slot", 0, 63, 0)
    copy = number(request, "copy", 0, 1, 0)
    sectors = number(request, "sectors", 1, _SECTORS_MOST, 1)
    for value in (epoch, slot, copy, sectors):
        if isinstance(value, Refusal):
            return value
    data = stored.whole(ring, epoch, sectors, copy) if sectors > 1 and slot == 0 else None
    if data is None:
        data = stored.slots(ring, epoch, slot, copy)
    if data is None:
        return Refusal("not-stored", "epoch", epoch, ring.oldest, ring.epoch)
    return Raw(data)


def log_info(device, request, now):
    ring = device.keeper.ring
    return {
        "epochs": [ring.oldest, ring.epoch],
        "first": stored.first_seq(ring),
        "last": ring.seq,
        "capacity": stored.capacity(ring),
        "exported": ring.exported,
        "faults": ring.faults,
        "written": ring.used,
    }


def exported(device, request, now):
    """The host has everything up to `seq`: those may go first when the ring is full (J-03)."""
    ring = device.keeper.ring
    seq = number(request, "seq", 0, ring.seq)
    if isinstance(seq, Refusal):
        return seq
    if seq > ring.exported:
        refusal = act(device, "exported", {"upto": seq}, now)
        if refusal:
            return refusal
        device.keeper.exported(seq, now)
    return {"ok": True}
