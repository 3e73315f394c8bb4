"""The house: nothing public is there for tests alone, and files of tests and boards stay short too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "exporter").rglob("*.py"))
TEXTS = {"docs": {".md"}, "alerts": {".yml"}, "exporter": {".sh"}}
CALLED_BY_OTHERS = {
    "model_config": "pydantic reads it",
    "connection_lost": "asyncio and asyncssh call it",
    "connection_made": "asyncio and asyncssh call it",
    "connection_requested": "asyncssh calls it",
    "data_received": "asyncssh calls it",
    "datagram_received": "asyncio calls it",
}
"""What libraries look for by its name."""


@cache
def referenced() -> frozenset[str]:
    """Return every name that is used in code, or said in a text that is not code.

    An import alone is no use, and neither is ``__all__``.
    """
    found: set[str] = set()
    for folder in ("exporter", "dashboards", "alerts", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(_used(ast.parse(path.read_text())))
    for folder, kinds in TEXTS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in kinds:
                found |= set(re.findall(r"\w+", path.read_text()))
    return frozenset(found)


def _used(tree: ast.Module) -> Iterator[str]:
    exported = [
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    listed = {id(inner) for node in exported for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname not in (None, node.name):
            yield node.name  # used under the other name, else the linter tells
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in listed:
            yield node.value


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the public functions, classes, methods and constants of a module; faults are found by their decorator."""
    for node in tree.body:
        yield from _names(node)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if not isinstance(inner, ast.AnnAssign):  # fields of records are read as a whole, or by the wire
                    yield from _names(inner)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        is_fault = any(ast.unparse(one).startswith("fault(") for one in node.decorator_list)
        yield from () if is_fault else (node.name,)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_nothing_public_is_there_for_tests_alone() -> None:
    """What nobody calls is read, mended and documented for nothing."""
    used = referenced() | CALLED_BY_OTHERS.keys()
    unused = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name in defined(ast.parse(path.read_text()))
        if not name.startswith("_") and name not in used
    ]
    assert unused == []


def test_every_exception_is_needed() -> None:
    """Names that are used, or that are no more, need no excuse."""
    known = {name for path in SOURCES for name in defined(ast.parse(path.read_text()))}
    assert [name for name in CALLED_BY_OTHERS if name not in known or name in referenced()] == []


LONG = {
    "tests/database_cloud.py": 727,
    "tests/database_corruptions.py": 425,
    "tests/inventory/test_refresh.py": 324,
    "tests/questions/database/test_database_consistency.py": 390,
    "tests/questions/hosts/test_host_ovs.py": 306,
    "tests/questions/management/test_management_log_follow.py": 670,
    "tests/questions/routers/test_metadata_real.py": 323,
    "tests/questions/routers/test_password_real.py": 366,
    "tests/remote/test_collector_sections.py": 307,
    "tests/sources/test_cloudstack_bad_input.py": 321,
    "tests/sources/test_database_replicas.py": 307,
    "tests/sources/test_ssh_real.py": 472,
    "tests/ssh_bench.py": 302,
}
"""Files that were long before this rule, and how long they may be at most: they may only become shorter."""


@pytest.mark.parametrize(
    "path",
    sorted(
        path.relative_to(ROOT).as_posix()
        for folder in ("tests", "dashboards")
        for path in (ROOT / folder).rglob("*.py")
    ),
)
def test_files_of_tests_and_boards_are_not_longer_than_300_lines(path: str) -> None:
    """A file that grows past this is two files, as in the exporter itself."""
    assert len((ROOT / path).read_text().splitlines()) <= LONG.get(path, 300)


def test_every_long_file_is_still_long() -> None:
    """One that has become short is taken off the list."""
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in LONG if (ROOT / path).exists()}
    assert [path for path in LONG if lengths.get(path, 0) <= 300] == []
