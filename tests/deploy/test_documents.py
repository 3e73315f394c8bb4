"""Documents written by hand agree with what they tell of, and with each other."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from exporter.cli import parser


def _read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def test_the_table_of_dashboards_names_every_board(root: Path) -> None:
    """Each generated file, each once, with its question."""
    rows = re.findall(r"^\| (csnet-[\w-]+) \| .+\? \|$", _read(root, "dashboards/README.md"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in (root / "dashboards").glob("csnet-*.json"))


def test_what_a_visit_starts_is_told_alike_in_both_places(root: Path) -> None:
    """README.md and docs/testing-vm.md name one limit, and no count of the table is above it."""
    readme, page = _read(root, "README.md"), _read(root, "docs/testing-vm.md")
    limits = [re.findall(r"at most (\d+) processes and (\d+) KiB", text) for text in (readme, page)]
    assert limits[0] == limits[1]
    (most, _kib) = limits[0][0]
    rows = re.findall(r"^\| .+ \| (\d+) \| (\d+) \|$", page, flags=re.MULTILINE)
    assert rows
    assert all(int(count) <= int(most) for row in rows for count in row)


@pytest.mark.parametrize("name", ["README.md", "alerts/README.md", "dashboards/README.md", "deploy/README.md"])
def test_links_and_paths_lead_somewhere(root: Path, name: str) -> None:
    """What is in parentheses of a link is a file or folder of the repository."""
    for link in re.findall(r"\]\(([^)#:]+)\)", _read(root, name)):
        assert (root / name).parent.joinpath(link).exists(), link


def test_commands_of_the_readme_are_ones_that_there_are(root: Path) -> None:
    """Each line that begins with the command's name is understood by its parser."""
    lines = re.findall(
        r"^cloudstack-network-exporter (.+?)(?: *#| \|.*)?$", _read(root, "README.md"), flags=re.MULTILINE
    )
    for line in lines:
        parser().parse_args(line.partition(" #")[0].partition(" |")[0].split())
    assert len(lines) >= 8


def _imported(file: Path) -> set[str]:
    """Return the distributions' top names that a module imports, without the standard library and our own."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"alerts", "dashboards", "exporter"}


def test_what_the_generator_of_rules_takes_is_told(root: Path) -> None:
    """Beside what the exporter itself brings it imports one library, and its README says how both are installed."""
    needed = {name for file in (root / "alerts").glob("*.py") for name in _imported(file)}
    assert needed == {"yaml", "promql_parser"}
    assert "pip install . promql-parser" in _read(root, "alerts/README.md")


@pytest.mark.parametrize("name", ["alerts/README.md", "deploy/README.md"])
def test_the_oldest_prometheus_is_told(root: Path, name: str) -> None:
    """``keep_firing_for`` is refused before 2.42."""
    assert "keep_firing_for:" in _read(root, "alerts/password_reset.rules.yml")
    assert re.search(r"Prometheus 2\.42 or newer, \w+ .*`keep_firing_for`", _read(root, name))


def test_credentials_of_each_backend_are_mended(root: Path) -> None:
    """One alert tells of them all, so its runbook has a step for each, and that of the database leads there."""
    steps = _read(root, "docs/runbooks/CloudStackNetCredentialRejected.md").partition("## Mitigation")[2]
    assert re.findall(r"^\d\. (\w+)", steps, re.MULTILINE) == ["API", "SSH", "Database"]
    assert "see [CredentialRejected]" in _read(root, "docs/runbooks/CloudStackNetDatabaseBlind.md")
