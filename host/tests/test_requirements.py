"""The table of requirements and tests: marks are found wherever pytest takes them, gaps and slips are named."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

from dosebell.devtools.marks import Claim, MarkError, claims_in, claims_of_file
from dosebell.devtools.requirements import main, read_requirements
from dosebell.image.files import ROOT

TESTS = """
import pytest
from pytest import mark

grid = pytest.mark.req("R-03")
req = pytest.mark.req
pytestmark = [pytest.mark.soak, pytest.mark.req("Q-01")]
PAIR = ("S-04", "S-05")

@pytest.mark.req("R-01", "R-02")
@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.req("R-04"))])
def test_a(x): ...

@grid
async def test_b(): ...

@req("S-01")
class TestGroup:
    pytestmark = mark.req("S-02")
    @mark.req("S-03", *PAIR)
    def test_c(self): ...
    def helper(self): ...

TestMachine = Machine.TestCase

@pytest.mark.req("X-99")
def no_test(): ...
"""


def ids_by_test(folder: Path, text: str) -> dict[str, set[str]]:
    file = folder / "test_some.py"
    file.write_text(dedent(text))
    found: dict[str, set[str]] = {}
    for claim in claims_of_file(file, "t.py"):
        found.setdefault(claim.test, set()).add(claim.id)
    return found


def project(root: Path, tests: str, open_table: str = "") -> Path:
    """A project with three requirements and one test file."""
    (root / "docs").mkdir()
    (root / "docs" / "requirements.toml").write_text(
        '[requirements]\nR-01 = "One."\nR-02 = "Two."\nR-03 = "Three."\n[open]\n' + open_table
    )
    (root / "host" / "tests").mkdir(parents=True)
    (root / "host" / "tests" / "test_some.py").write_text("import pytest\n" + tests)
    return root


def test_marks_are_found_in_every_place_that_pytest_knows(tmp_path):
    assert ids_by_test(tmp_path, TESTS) == {
        "t.py::test_a": {"Q-01", "R-01", "R-02", "R-04"},
        "t.py::test_b": {"Q-01", "R-03"},
        "t.py::TestGroup::test_c": {"Q-01", "S-01", "S-02", "S-03", "S-04", "S-05"},
        "t.py::TestMachine": {"Q-01"},
    }


def test_pytest_itself_sees_the_same_marks_as_the_reader(pytester):
    """The reader against the real thing: collect the same file and ask pytest for its marks."""
    runnable = TESTS.replace("TestMachine = Machine.TestCase\n", "").replace("async ", "")
    pytester.makepyfile(test_some=runnable)
    pytester.makeini("[pytest]\nmarkers = req(*ids): ids\n    soak: long\n")
    items, _ = pytester.inline_genitems()
    seen = {
        Claim(id, item.nodeid.partition("[")[0])
        for item in items
        for mark in item.iter_markers("req")
        for id in mark.args
    }
    assert seen == set(claims_in(pytester.path, ["."]))


def test_an_id_that_cannot_be_read_is_refused_with_its_line(tmp_path):
    with pytest.raises(MarkError, match="t.py:4: an id must be a text in quotes"):
        ids_by_test(tmp_path, "import pytest\n\n\n@pytest.mark.req(NAME)\ndef test_a(): ...\n")
    with pytest.raises(MarkError, match="t.py:1: is not Python"):
        ids_by_test(tmp_path, "def (:")


def test_all_proven(tmp_path, capsys):
    root = project(tmp_path, '@pytest.mark.req("R-01", "R-02", "R-03")\ndef test_a(): ...\n')
    assert main(["--root", str(root)]) == 0
    assert "3 of 3 requirements have tests." in capsys.readouterr().out
    table = (root / "docs" / "requirements.md").read_text()
    assert "| R-01 | One. | `host/tests/test_some.py::test_a` |  |" in table


def test_a_requirement_without_test_is_named_and_fails(tmp_path, capsys):
    root = project(tmp_path, '@pytest.mark.req("R-01")\ndef test_a(): ...\n', 'R-03 = "report"\n')
    assert main(["--root", str(root)]) == 1
    out = capsys.readouterr().out
    assert "WITHOUT TESTS: R-02\n" in out
    assert "Open, without tests: R-03\n" in out
    assert "| R-03 | Three. | none | report |" in (root / "docs" / "requirements.md").read_text()


def test_what_is_open_does_not_fail(tmp_path):
    root = project(tmp_path, '@pytest.mark.req("R-01", "R-02")\ndef test_a(): ...\n', 'R-03 = "report"\n')
    assert main(["--root", str(root)]) == 0


def test_an_id_that_does_not_exist_is_named_and_fails(tmp_path, capsys):
    root = project(tmp_path, '@pytest.mark.req("R-01", "R-02", "R-03", "R-30")\ndef test_a(): ...\n')
    assert main(["--root", str(root)]) == 1
    assert "NO SUCH REQUIREMENT: R-30, named by host/tests/test_some.py::test_a" in capsys.readouterr().out


def test_an_open_id_that_does_not_exist_is_an_error(tmp_path, capsys):
    root = project(tmp_path, "", 'R-09 = "report"\n')
    assert main(["--root", str(root)]) == 1
    assert "requirements.toml: open.R-09: there is no such requirement" in capsys.readouterr().err


def test_no_test_of_this_project_names_an_id_that_does_not_exist():
    known = {one.id for one in read_requirements(ROOT / "docs" / "requirements.toml")}
    assert {claim.id for claim in claims_in(ROOT, ["host/tests", "hil_tests"])} <= known
    assert len(known) == 46


def test_every_pinned_package_is_justified_with_its_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(ROOT / "host/dosebell/devtools/device-stubs.txt").read_text().splitlines(),
    ]
    pins = {one for one in wanted if not one.startswith(("#", "dosebell["))}
    rows = re.findall(
        r"^\| ([a-z0-9_\[\]-]+) \| (\d\S*) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE
    )
    assert pins == {f"{name}=={version}" for name, version in rows}
