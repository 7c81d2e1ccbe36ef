"""What the pinned official MicroPython image is made of: each part with its version, and how that version is known. Nothing here is guessed.

Read in the sources of MicroPython's tag v1.25.0 (commit f498a16c7db6d4b2de200b3e0856528dfe0613c3), in those of its submodules at the commits that this
tag names, and in the image itself: `seen` is a text in it, which a test looks for. What the tag builds for RPI_PICO stands in ports/rp2/CMakeLists.txt,
extmod/extmod.cmake and ports/rp2/boards/manifest.py. Not in this image, because the board has no network: lwIP, CYW43, BTstack, NimBLE, and of Mbed TLS
everything but the hashes and ciphers behind `hashlib` and `cryptolib`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part. `version` None: it has none of its own, and is as MicroPython's tag has it. `licence` None: several, file by file.

    `commit`: of its own repository.
    """

    name: str
    version: str | None
    licence: str | None
    repository: str
    known_from: str
    commit: str | None = None
    seen: str | None = None


_MICROPYTHON = "https://github.com/micropython/micropython"
_LIB = "https://github.com/micropython/micropython-lib"
_LIB_COMMIT = "5b496e944ec045177afa1620920a168410b7f60b"
_COMPILER = "https://gcc.gnu.org"


def _module(name: str, seen: str) -> Part:
    known = f"manifest.py of the module at submodule lib/micropython-lib, tag v1.25.0; {seen} is frozen into the image"
    return Part(name, "0.1.0", "MIT", _LIB, known, _LIB_COMMIT, seen)


_V1_25_0 = (
    Part(
        "pico-sdk",
        "2.1.1",
        "BSD-3-Clause",
        "https://github.com/raspberrypi/pico-sdk",
        "submodule lib/pico-sdk, whose commit is tag 2.1.1; with its second-stage boot loader and its CMSIS 6.1 headers (Apache-2.0)",
        "bddd20f928ce76142793bef434d4f75f4af6e433",
        "boot2_w25q080",
    ),
    Part(
        "tinyusb",
        "0.17.0",
        "MIT",
        "https://github.com/hathach/tinyusb",
        "submodule lib/tinyusb, whose commit is tag 0.17.0; ports/rp2 uses it in place of the SDK's own",
        "5217cee5de4cd555018da90f9f1bcc87fb1c1d3a",
        "TinyUSB callback can't recurse",
    ),
    Part(
        "mbedtls",
        "3.6.2",
        "Apache-2.0 OR GPL-2.0-or-later",
        "https://github.com/Mbed-TLS/mbedtls",
        "submodule lib/mbedtls, whose commit is tag v3.6.2; extmod/modhashlib.c and modcryptolib.c use its hashes and AES; no TLS",
        "107ea89daaefb9867ea9121002fbbdf926780e98",
    ),
    Part(
        "littlefs",
        "2.8.1",
        "BSD-3-Clause",
        "https://github.com/littlefs-project/littlefs",
        "copied into lib/littlefs: LFS2_VERSION is 2.8, the commit that brought it says v2.8.1; disk version 2.1",
        None,
        "littlefs",
    ),
    Part(
        "oofatfs",
        "R0.13c",
        "BSD-1-Clause",
        "https://github.com/micropython/oofatfs",
        "copied into lib/oofatfs: ff.h says FatFs R0.13c; the filesystem of this device is not FAT",
        None,
        "MSDOS",
    ),
    Part(
        "uzlib",
        None,
        "Zlib",
        f"{_MICROPYTHON}/tree/v1.25.0/lib/uzlib",
        "copied into lib/uzlib; behind `deflate`",
        None,
        "deflate",
    ),
    Part("re1.5", None, "BSD-3-Clause", f"{_MICROPYTHON}/tree/v1.25.0/lib/re1.5", "copied into lib/re1.5; behind `re`"),
    Part(
        "libm",
        None,
        "MIT",
        f"{_MICROPYTHON}/tree/v1.25.0/lib/libm",
        "copied into lib/libm, in part from musl and newlib; behind `math`",
    ),
    Part(
        "newlib",
        "4.4.0",
        None,
        "https://sourceware.org/newlib",
        "what platform.platform() says of the C library, in the image",
        None,
        "MicroPython-1.25.0-arm--with-newlib4.4.0",
    ),
    Part(
        "libgcc",
        "14.2.0",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        _COMPILER,
        "run-time support of the compiler that the image names",
        None,
        "GNU 14.2.0 MinSizeRel",
    ),
    _module("onewire", "onewire.py"),
    _module("ds18x20", "ds18x20.py"),
    _module("dht", "dht.py"),
    _module("neopixel", "neopixel.py"),
)

BY_IMAGE = {"e0c40eacf1afc550a6add74888c48bb981b28788a6d75a62a0e2444e997b9864": _V1_25_0}
"""The parts of an official image, by the SHA-256 of its UF2 file."""

COMMIT_OF = {
    "e0c40eacf1afc550a6add74888c48bb981b28788a6d75a62a0e2444e997b9864": "f498a16c7db6d4b2de200b3e0856528dfe0613c3"
}
"""The commit of MicroPython that it was built from: that of the tag which the image names."""
