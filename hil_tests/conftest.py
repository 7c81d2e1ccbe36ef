"""The bench for hardware-in-the-loop tests: emulated unless `--bench=real`."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, ROOT
from dosebell.sim import flash_from_uf2
from hil_tests import scenes
from hil_tests.bench import Bench, EmulatedBench, NotOnThisBench, in_a_copy
from hil_tests.prepared import configured

MakeBench = Callable[..., EmulatedBench]
"""make_bench(flash=None, display=False): a new emulated bench, with this flash instead of a new board with the built image."""

THINLY = pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
"""For trials that begin with a boot, or end with one, and take a second each: `make test` takes every third of them, `make soak` all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench", choices=("emulated", "real"), default="emulated", help="what hil_tests run on (default: emulated)"
    )
    parser.addoption(
        "--renew-golden", action="store_true", help="write hil_tests/golden anew; look at every picture afterwards"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--bench") == "real":
        raise pytest.UsageError("no rig is known yet: see docs/tester-manual.md, 'A real rig'")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collections after power cuts (`Bedside.restore_power`) need not look at it each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """A test that asks for what its bench cannot do is skipped, and says so."""
    try:
        return (yield)
    except NotOnThisBench as lack:
        pytest.skip(f"not on this bench: {lack}")


COPIED = {"booted", "running"}
"""Fixtures that are boards which go on from where they are: a test that takes one plays in a copy of the process."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that begins with a board of COPIED plays in a copy of this process: the board stays as it is, for the next."""
    names = pyfuncitem._fixtureinfo.argnames
    if not COPIED.intersection(names):
        return None
    in_a_copy(lambda: pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(scope="session")
def image() -> bytes:
    """The UF2 that biomed flashes, built if the sources have changed since."""
    return build_image(BOARDS / "pico.toml", ROOT / "firmware", ROOT / "build" / "dosebell-pico.uf2").path.read_bytes()


@pytest.fixture(scope="session")
def new_board(image: bytes) -> bytes:
    """The flash of a new board on which the image was put."""
    return flash_from_uf2(image)


@pytest.fixture
def make_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeBench]:
    """Makes emulated benches, for tests that need their own guest or several devices."""
    made: list[EmulatedBench] = []

    def make(flash: bytes | None = None, **options: Any) -> EmulatedBench:
        home = tmp_path / f"home{len(made)}"
        home.mkdir()
        contents = request.getfixturevalue("new_board") if flash is None else flash
        made.append(EmulatedBench(contents, home, **options))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """A new device with the built image, switched on at instant 0."""
    return make_bench()


class Running(NamedTuple):
    """A device on which a course runs, and the bench's instant at which its first dose is due."""

    bench: EmulatedBench
    due: float


@pytest.fixture(scope="session")
def booted_board(new_board: bytes, tmp_path_factory: pytest.TempPathFactory) -> EmulatedBench:
    """Booted once in each worker; see `booted`, which tests take."""
    bench = EmulatedBench(configured(new_board), tmp_path_factory.mktemp("booted"))
    bench.wait(scenes.BOOTED_S)
    return bench


@pytest.fixture(scope="session")
def running_board(new_board: bytes, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """Booted once in each worker; see `running`, which tests take."""
    bench = EmulatedBench(configured(new_board), tmp_path_factory.mktemp("running"))
    return Running(bench, scenes.running(bench))


@pytest.fixture
def booted(booted_board: EmulatedBench, tmp_path: Path) -> EmulatedBench:
    """A device that is configured with QUICK and was switched on BOOTED_S ago: `make_bench(configured(new_board))` and a wait, at a tenth of the price."""
    booted_board.give_home(tmp_path)
    return booted_board


@pytest.fixture
def running(running_board: Running, tmp_path: Path) -> Running:
    """The same, its clock set and a course running (`scenes.running`): its first dose is due in half a minute."""
    running_board.bench.give_home(tmp_path)
    return running_board
