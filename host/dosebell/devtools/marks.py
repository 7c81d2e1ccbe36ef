"""Finds which test claims to prove which requirement, by reading the test files: `@pytest.mark.req("R-01", ...)`.

Read, not imported: it takes milliseconds and works while a test file is broken. Known places of a mark: decorators of
tests and of test classes, `pytestmark` of a module or a class, `marks=` of a `pytest.param`, and a name that was
given to such a mark. Ids stand in quotes, or in a tuple of the module that is starred: `@pytest.mark.req(*COURSE)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Claim:
    """One test and one requirement id that it names."""

    id: str
    test: str
    """As pytest names it: `host/tests/test_x.py::TestY::test_z`."""


class MarkError(Exception):
    """A mark that cannot be read without running the test; the text names file and line."""


def claims_in(root: Path, folders: Iterable[str]) -> list[Claim]:
    """All claims in the test files under these folders of the project, sorted. Raises `MarkError`."""
    files = sorted(file for folder in folders for file in (root / folder).rglob("test_*.py"))
    return sorted({claim for file in files for claim in claims_of_file(file, file.relative_to(root).as_posix())})


def claims_of_file(file: Path, name: str) -> Iterator[Claim]:
    """The claims of one test file, which is called `name` in them."""
    try:
        module = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as problem:
        raise MarkError(f"{name}:{problem.lineno}: is not Python: {problem.msg}") from problem
    reader = _Reader(name, module)
    yield from reader.claims(module.body, name, ())


class _Reader:
    def __init__(self, file: str, module: ast.Module) -> None:
        self._file = file
        self._named: dict[str, tuple[str, ...]] = {}
        self._bare: set[str] = set()
        self._tuples: dict[str, tuple[str, ...]] = {}
        for node in module.body:
            if isinstance(node, ast.Assign) and _targets(node) != ["pytestmark"]:
                self._remember(node)

    def claims(self, body: list[ast.stmt], where: str, inherited: tuple[str, ...]) -> Iterator[Claim]:
        """Claims of the tests among these statements; `inherited` are the ids that hold for all of them."""
        ids = inherited + tuple(
            found
            for node in body
            if isinstance(node, ast.Assign) and _targets(node) == ["pytestmark"]
            for found in self._ids(node.value)
        )
        for node in body:
            own = ids
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                own += tuple(found for decorator in node.decorator_list for found in self._ids(decorator))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
                yield from (Claim(id, f"{where}::{node.name}") for id in own)
            elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                yield from self.claims(node.body, f"{where}::{node.name}", own)
            elif isinstance(node, ast.Assign):
                # Hypothesis: `TestCourse = CourseMachine.TestCase` is a test class, too.
                names = [name for name in _targets(node) if name.startswith("Test")]
                yield from (Claim(id, f"{where}::{name}") for name in names for id in own)

    def _remember(self, node: ast.Assign) -> None:
        """`req = pytest.mark.req` and `grid = pytest.mark.req("R-03")`, to be used as decorators."""
        for name in _targets(node):
            if self._is_mark(node.value):
                self._bare.add(name)
            elif isinstance(node.value, ast.Call) and self._is_mark(node.value.func):
                self._named[name] = tuple(self._ids(node.value))
            elif isinstance(node.value, ast.Tuple):
                words = [item.value for item in node.value.elts if isinstance(item, ast.Constant)]
                self._tuples[name] = tuple(word for word in words if isinstance(word, str))

    def _ids(self, expression: ast.expr) -> Iterator[str]:
        """Every id of every mark inside an expression."""
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                yield from self._named.get(node.id, ())
            if not isinstance(node, ast.Call) or not self._is_mark(node.func):
                continue
            for argument in node.args:
                starred = argument.value if isinstance(argument, ast.Starred) else None
                if isinstance(starred, ast.Name) and starred.id in self._tuples:
                    yield from self._tuples[starred.id]
                elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value
                else:
                    raise MarkError(f"{self._file}:{argument.lineno}: an id must be a text in quotes, to be read here")

    def _is_mark(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._bare
        return isinstance(node, ast.Attribute) and ast.unparse(node) in ("pytest.mark.req", "mark.req")


def _targets(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
