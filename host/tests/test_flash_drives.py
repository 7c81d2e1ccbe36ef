"""Where loader drives are found on the three systems, and how an image is written to one (B-01)."""

import errno
import os
import struct
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from dosebell.errors import DosebellError
from dosebell.flash import drives, picotool, writer
from dosebell.flash.drives import Drive, found
from dosebell.image.uf2 import PAGE, encode
from dosebell.sim.loader import BLOCK, INFO, Loader, boots

IMAGE = encode([(n * PAGE, bytes([n]) * PAGE) for n in range(64)])


def drive_at(path: Path, info: str = INFO) -> Path:
    path.mkdir(parents=True)
    (path / "INFO_UF2.TXT").write_text(info, newline="")
    return path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def mounted(root: Path, place: str, device: str = "/dev/sda1", kind: str = "vfat") -> None:
    mounts = root / "proc/mounts"
    before = mounts.read_text() if mounts.exists() else "proc /proc proc rw 0 0\n"
    write(mounts, f"{before}{device} {place} {kind} rw,nosuid 0 0\n")


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    "place", ["/media/anna/RPI-RP2", "/run/media/anna/RPI-RP2", "/media/RPI-RP2", "/mnt", "/mnt/my pico"]
)
def test_linux_a_drive_is_found_wherever_it_is_mounted(tmp_path: Path, place: str) -> None:
    path = drive_at(tmp_path / place[1:])
    mounted(tmp_path, place.replace(" ", "\\040"))
    # and it is known on which port of which hub its board hangs
    block = (
        tmp_path
        / "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4/1-1.4:1.0/host2/target2:0:0/2:0:0:0/block/sda/sda1"
    )
    block.mkdir(parents=True)
    (tmp_path / "sys/class/block").mkdir(parents=True)
    (tmp_path / "sys/class/block/sda1").symlink_to(block)
    assert found("linux", {}, tmp_path) == [Drive(path, "RPI-RP2", "1-1.4")]
    assert found("darwin", {}, tmp_path) == []


def test_linux_other_drives_are_none(tmp_path: Path) -> None:
    (tmp_path / "media/STICK").mkdir(parents=True)
    drive_at(tmp_path / "media/NTFS")
    mounted(tmp_path, "/media/STICK")  # no loader
    mounted(tmp_path, "/media/NTFS", kind="ntfs")  # no loader's file system
    mounted(tmp_path, "/media/GONE")
    assert found("linux", {}, tmp_path) == []


@pytest.mark.req("B-01")
def test_macos_a_drive_is_a_volume_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "Volumes/Macintosh HD").mkdir(parents=True)
    first, second = drive_at(tmp_path / "Volumes/RPI-RP2"), drive_at(tmp_path / "Volumes/RPI-RP2 1")
    assert [drive.path for drive in found("darwin", {}, tmp_path)] == [first, second]


@pytest.mark.req("B-01")
def test_windows_a_drive_is_a_letter(mocker: MockerFixture) -> None:
    asked = []

    def board_id(path: Path) -> str | None:
        asked.append(str(path))
        return "RPI-RP2" if str(path) == "E:\\" else None

    mocker.patch.object(drives, "_board_id", board_id)
    assert [str(drive.path) for drive in found("win32", {})] == ["E:\\"]
    assert asked[0] == "C:\\" and asked[-1] == "Z:\\" and len(asked) == 24


@pytest.mark.req("B-01")
def test_a_drive_named_by_the_environment_is_found_itself_or_in_its_folder(tmp_path: Path) -> None:
    single, several = drive_at(tmp_path / "single"), drive_at(tmp_path / "several/RPI-RP2").parent
    named = {"DOSEBELL_DRIVES": os.pathsep.join((str(single), str(several), str(tmp_path / "none")))}
    assert [drive.path for drive in found("linux", named, tmp_path)] == [several / "RPI-RP2", single]


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    ("info", "board_id"),
    [(INFO, "RPI-RP2"), (INFO.replace("RPI-RP2", "RP2350"), "RP2350"), ("UF2 Bootloader v1\n", "")],
)
def test_a_loader_says_of_which_chip_it_is(tmp_path: Path, info: str, board_id: str) -> None:
    drive_at(tmp_path / "Volumes/D", info)
    (drive,) = found("darwin", {}, tmp_path)
    assert (drive.board_id, drive.is_pico, drive.is_there) == (board_id, board_id == "RPI-RP2", True)


def test_linux_a_board_in_its_loader_is_known_without_a_mounted_drive(tmp_path: Path) -> None:
    devices = tmp_path / "sys/bus/usb/devices"
    for name, product in (("1-1", "0005"), ("1-1.4", "0003"), ("usb1", "")):
        write(devices / name / "idVendor", "2e8a\n")
        write(devices / name / "idProduct", product + "\n")
    write(devices / "1-1.4/busnum", "1\n")
    write(devices / "1-1.4/devnum", "12\n")
    assert drives.unmounted(tmp_path) == ["1-1.4"]
    assert drives.bus_and_address("1-1.4", tmp_path) == ("1", "12")
    assert drives.bus_and_address("", tmp_path) is None


# -- writing


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    return Drive(drive_at(tmp_path / "RPI-RP2"), "RPI-RP2")


@pytest.mark.req("B-01")
def test_what_is_copied_starts_nothing_before_it_is_whole(drive: Drive) -> None:
    # given an image that boots, and what the writer copies of it
    first = bytes(range(252))
    first += _crc(first).to_bytes(4, "little")
    image = encode([(0, first), *((n * PAGE, bytes([n]) * PAGE) for n in range(1, 64))])
    steps: list[tuple[int, int]] = []
    writer.copy(drive, image, lambda done, size: steps.append((done, size)))
    copied = (drive.path / writer.FILE).read_bytes()
    assert steps[-1] == (len(copied), len(copied)) and len(copied) == len(image) + BLOCK
    # when the boot ROM takes it over an image that boots as well, and the other half of a copy that broke off
    flash = bytearray(first + b"\x55" * (128 * PAGE - len(first)))
    loader = Loader(flash)
    for at in range(0, 10 * BLOCK, BLOCK):
        loader.take(encode([(n * PAGE, b"\x77" * PAGE) for n in range(64)])[at : at + BLOCK])
    started = []
    for at in range(0, len(copied), BLOCK):
        loader.take(copied[at : at + BLOCK])
        started.append(boots(flash))
    # then it boots again after the very last block alone, and is the new one in every page
    assert started[1:-1] == [False] * (len(started) - 2) and started[-1]
    assert loader.complete
    assert bytes(flash[: 64 * PAGE]) == first + b"".join(bytes([n]) * PAGE for n in range(1, 64))


def _crc(data: bytes) -> int:
    """CRC-32 of the boot ROM, bit by bit."""
    crc = 0xFFFFFFFF
    for bit in (byte >> shift & 1 for byte in data for shift in range(7, -1, -1)):
        crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if crc >> 31 ^ bit else 0)
    return crc


def failing(mocker: MockerFixture, function: str, number: int, after: int = 0) -> None:
    """`os.function` fails with that error, after so many calls that work."""
    real = getattr(os, function)
    calls = iter(range(10_000))

    def maybe(*args, **options):
        if next(calls) >= after:
            raise OSError(number, os.strerror(number))
        return real(*args, **options)

    mocker.patch(f"dosebell.flash.writer.os.{function}", maybe)


@pytest.mark.req("B-01")
@pytest.mark.parametrize(
    ("function", "number", "after", "code"),
    [
        ("open", errno.EROFS, 0, "drive-readonly"),
        ("open", errno.EACCES, 0, "drive-readonly"),
        ("write", errno.EPERM, 0, "drive-readonly"),
        ("write", errno.ENOSPC, 0, "drive-full"),
        ("fsync", errno.EIO, 0, "copy-broke-off"),
        ("write", errno.EIO, 1, "copy-broke-off"),
        ("open", errno.ENOENT, 0, "copy-broke-off"),
    ],
)
def test_each_way_in_which_a_copy_fails_has_its_code(
    drive: Drive, mocker: MockerFixture, function: str, number: int, after: int, code: str
) -> None:
    failing(mocker, function, number, after)
    with pytest.raises(DosebellError) as failed:
        writer.copy(drive, IMAGE, lambda done, size: None)
    assert failed.value.code == code


@pytest.mark.req("B-01")
@pytest.mark.parametrize("function", ["fsync", "close"])
def test_an_error_after_the_last_block_is_none(drive: Drive, mocker: MockerFixture, function: str) -> None:
    """macOS: the board has rebooted, and the system complains that its drive went without being ejected."""
    chunks = -(-(len(IMAGE) + BLOCK) // writer.CHUNK)
    failing(mocker, function, errno.EIO, after=chunks - 1 if function == "fsync" else 0)
    writer.copy(drive, IMAGE, lambda done, size: None)


@pytest.mark.req("B-01")
def test_a_drive_that_vanishes_in_the_middle_is_noticed(drive: Drive) -> None:
    with pytest.raises(DosebellError) as failed:
        writer.copy(drive, IMAGE, lambda done, size: (drive.path / "INFO_UF2.TXT").unlink(missing_ok=True))
    assert failed.value.code == "copy-broke-off" and failed.value.context["percent"] == 98


@pytest.mark.req("B-01")
def test_picotool_is_told_which_board_and_its_words_are_passed_on(mocker: MockerFixture) -> None:
    run = mocker.patch("dosebell.flash.picotool.subprocess.run")
    run.return_value.returncode = 0
    mocker.patch.object(drives, "bus_and_address", return_value=("1", "12"))
    picotool.load(Path("image.uf2"), "1-1.4")
    assert run.call_args[0][0] == [
        "picotool",
        "load",
        "--verify",
        "--execute",
        "image.uf2",
        "--bus",
        "1",
        "--address",
        "12",
    ]
    run.return_value.returncode = 247
    run.return_value.stderr = "Some words\nERROR: no accessible RP-series devices in BOOTSEL mode were found.\n"
    with pytest.raises(DosebellError) as failed:
        picotool.load(Path("image.uf2"), "")
    assert failed.value.code == "picotool-failed" and "no accessible RP-series" in failed.value.sentence
    run.side_effect = FileNotFoundError(errno.ENOENT, "No such file")
    with pytest.raises(DosebellError):
        picotool.load(Path("image.uf2"), "")


def test_the_block_that_makes_no_sense_to_the_rom_says_that_it_has_no_blocks() -> None:
    first = writer.as_copied(IMAGE)[:BLOCK]
    assert struct.unpack_from("<I", first, 24) == (0,)
