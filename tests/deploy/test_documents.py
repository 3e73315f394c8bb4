"""Documents written by hand agree with what they tell of, and with each other."""

from __future__ import annotations

import re
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
