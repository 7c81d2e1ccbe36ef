"""The two inner loops of an answer in machine code; `frames` has the same in Python for CPython. Viper: MicroPython only.

`b2a_base64` would allocate 240 bytes a line, and each such allocation walks the heap: 0.5 ms a line against 0.06 ms here.
"""

import micropython

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HEX = b"0123456789abcdef"


@micropython.viper
def put_base64(target, at: int, source, start: int, n: int) -> int:
    """Writes source[start:start + n] in base64 into target[at:]; returns the place after it."""
    t = ptr8(target)  # noqa: F821 - viper's own words
    s = ptr8(source)  # noqa: F821
    alphabet = ptr8(_ALPHABET)  # noqa: F821
    i = start
    end = start + n
    while i + 2 < end:
        a = s[i]
        b = s[i + 1]
        c = s[i + 2]
        t[at] = alphabet[a >> 2]
        t[at + 1] = alphabet[((a & 3) << 4) | (b >> 4)]
        t[at + 2] = alphabet[((b & 15) << 2) | (c >> 6)]
        t[at + 3] = alphabet[c & 63]
        i += 3
        at += 4
    if i < end:
        a = s[i]
        b = 0
        t[at + 2] = 61
        if i + 1 < end:
            b = s[i + 1]
            t[at + 2] = alphabet[(b & 15) << 2]
        t[at] = alphabet[a >> 2]
        t[at + 1] = alphabet[((a & 3) << 4) | (b >> 4)]
        t[at + 3] = 61
        at += 4
    return at


@micropython.viper
def put_hex(target, at: int, value: uint, digits: int):  # noqa: F821
    """Writes the last `digits` hexadecimal digits of `value`, lower case, into target[at:]."""
    t = ptr8(target)  # noqa: F821
    figures = ptr8(_HEX)  # noqa: F821
    while digits > 0:
        digits -= 1
        t[at + digits] = figures[int(value) & 15]
        value = value >> 4
