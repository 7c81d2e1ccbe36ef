"""Fetching the official MicroPython: the SHA-256 decides, whatever the source; nothing here leaves this machine."""

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from dosebell.image import ImageError
from dosebell.image.files import BOARDS
from dosebell.image.micropython import MicroPython, SecondSource, load_micropython, official_image

pytestmark = pytest.mark.req("B-01")

IMAGE = b"the official image"
PACKAGE = "carrier"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What stands for micropython.org: the file behind the URL."""
    return tmp_path / "site" / "image.uf2"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the package index: the source distribution in it."""
    folder = tmp_path / "index" / PACKAGE
    folder.mkdir(parents=True)
    archive = folder / f"{PACKAGE}-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo(f"{PACKAGE}-1.0/tests/image.uf2")
        member.size = len(IMAGE)
        tar.addfile(member, io.BytesIO(IMAGE))
    (folder / "index.html").write_text(f'<a href="{archive.name}">{archive.name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", folder.parent.as_uri())
    return archive


@pytest.fixture
def pinned(site: Path, index: Path) -> MicroPython:
    """A pinned MicroPython whose two sources are on this machine."""
    real = load_micropython(BOARDS / "micropython.toml", "RPI_PICO")
    carrier = SecondSource(PACKAGE, "1.0", hashlib.sha256(index.read_bytes()).hexdigest(), "tests/image.uf2")
    return replace(
        real, file="image.uf2", url=site.as_uri(), sha256=hashlib.sha256(IMAGE).hexdigest(), second_source=carrier
    )


def put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_the_site_is_asked_first_and_the_answer_kept(pinned, site, index, tmp_path):
    put(site, IMAGE)
    index.unlink()
    lines: list[str] = []
    assert official_image(pinned, tmp_path / "cache", lines.append) == IMAGE
    assert lines == [f"fetching MicroPython 1.25.0 from {site.as_uri()}"]

    site.unlink()
    assert official_image(pinned, tmp_path / "cache", lines.append) == IMAGE
    assert len(lines) == 1, "the second time nothing is fetched"
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["image.uf2"]


@pytest.mark.parametrize("at_site", [None, b"another image"], ids=["not reachable", "wrong bytes"])
def test_else_the_source_distribution_has_it(pinned, site, tmp_path, at_site):
    if at_site is not None:
        put(site, at_site)
    lines: list[str] = []
    assert official_image(pinned, tmp_path / "cache", lines.append) == IMAGE
    assert lines[-1] == "fetching MicroPython 1.25.0 from package carrier 1.0"


def test_a_cached_file_with_wrong_bytes_is_fetched_anew(pinned, site, tmp_path):
    put(tmp_path / "cache" / "image.uf2", IMAGE[:-1])
    put(site, IMAGE)
    lines: list[str] = []
    assert official_image(pinned, tmp_path / "cache", lines.append) == IMAGE
    assert "has the wrong SHA-256" in lines[0]
    assert (tmp_path / "cache" / "image.uf2").read_bytes() == IMAGE


def test_a_source_distribution_with_another_sha256_is_not_used(pinned, index, tmp_path):
    put(index, index.read_bytes() + b"\0")
    with pytest.raises(ImageError, match="package carrier 1.0: "):
        official_image(pinned, tmp_path / "cache", lambda line: None)


def test_without_any_source_the_error_says_what_to_do(pinned, index, tmp_path):
    index.unlink()
    with pytest.raises(ImageError) as failed:
        official_image(pinned, tmp_path / "cache", lambda line: None)
    assert "not reachable" in str(failed.value)
    assert str(failed.value).endswith(f"put it at {tmp_path / 'cache' / 'image.uf2'}")
    assert not (tmp_path / "cache").exists()


def test_a_member_that_is_not_in_the_source_distribution(pinned, tmp_path):
    elsewhere = replace(pinned, second_source=replace(pinned.second_source, member="tests/none.uf2"))
    with pytest.raises(ImageError, match="package carrier 1.0: .*No such file"):
        official_image(elsewhere, tmp_path / "cache", lambda line: None)


def test_an_index_that_does_not_answer_is_said_in_one_sentence(pinned, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ImageError, match="package carrier 1.0: .*Connection refused"):
        official_image(pinned, tmp_path / "cache", lambda line: None)
