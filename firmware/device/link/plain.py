"""The inner loops of an answer in plain Python, for CPython: `fast` is what the device uses, and must say the same."""

from binascii import b2a_base64, crc32


def put_base64(target, source, n):
    """Writes n bytes of source in base64 into target; n is a multiple of 3, and not 0."""
    target[: n // 3 * 4] = b2a_base64(source[:n], newline=False)


def close_line(line, length):
    """Completes line[:length] with "#", the CRC-32 of all before, and a newline."""
    line[length : length + 10] = b"#%08x\n" % crc32(line[:length])


def json_text(view):
    """What json.loads takes."""
    return bytes(view)


def native(function):
    """MicroPython compiles what it decorates to machine code; here it stays what it is."""
    return function
