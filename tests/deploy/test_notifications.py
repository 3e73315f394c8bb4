"""What the template for notifications says, rendered by Alertmanager's own tool."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Render = Callable[..., str]


def _alert(number: int, status: str) -> dict[str, Any]:
    words = {"summary": f"Host kvm-{number} is Down", "description": f"Words of kvm-{number}.",
             "runbook_url": "https://wiki/HostDown.md", "dashboard_url": "https://grafana/d/x"}  # fmt: skip
    return {"status": status, "labels": {"host": f"kvm-{number}"}, "annotations": words}


def _data(firing: int, resolved: int, zone: str = "zone-1") -> dict[str, Any]:
    alerts = [_alert(number, "firing") for number in range(firing)]
    alerts += [_alert(100 + number, "resolved") for number in range(resolved)]
    status = "firing" if firing else "resolved"
    place = {"zone": zone} if zone else {}
    return {"status": status, "alerts": alerts, "commonLabels": {**place, "component": "host"}}


@pytest.fixture
def render(require: Callable[..., None], deploy: Path, tmp_path: Path) -> Render:
    """Return a function that renders one of the templates for so many firing and resolved alerts."""
    require("amtool")

    def make(name: str, *, firing: int = 0, resolved: int = 0, zone: str = "zone-1") -> str:
        data = tmp_path / "data.json"
        data.write_text(json.dumps(_data(firing, resolved, zone)), encoding="utf-8")
        command = ["amtool", "template", "render", f"--template.glob={deploy / 'alertmanager' / '*.tmpl'}",
                   f'--template.text={{{{ template "{name}" . }}}}', f"--template.data={data}"]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return make


@pytest.mark.real
@pytest.mark.parametrize(
    ("firing", "resolved", "title"),
    [
        (2, 0, "[FIRING:2] zone-1 host"),
        (0, 3, "[RESOLVED:3] zone-1 host"),
        (1, 2, "[FIRING:1 RESOLVED:2] zone-1 host"),
    ],
)
def test_the_title_counts_by_status(render: Render, firing: int, resolved: int, title: str) -> None:
    """Nobody reads that none is resolved."""
    assert render("csnet.title", firing=firing, resolved=resolved).strip() == title


@pytest.mark.real
def test_the_title_of_what_is_in_no_zone(render: Render) -> None:
    """The exporter, the database and management servers serve all zones: no gap tells of one."""
    assert render("csnet.title", firing=1, zone="").strip() == "[FIRING:1] host"


@pytest.mark.real
def test_the_text_says_what_fires(render: Render) -> None:
    """With words and links, without a word on what is over."""
    said = render("csnet.text", firing=1)
    lines = [
        "Host kvm-0 is Down",
        "Words of kvm-0.",
        "Runbook: https://wiki/HostDown.md",
        "Dashboard: https://grafana/d/x",
    ]
    assert said.strip().splitlines() == lines


@pytest.mark.real
def test_the_text_says_what_is_over(render: Render) -> None:
    """By its summary, alone or after what still fires."""
    assert render("csnet.text", resolved=2).split("\n\n")[0].strip().splitlines() == [
        "Resolved: Host kvm-100 is Down",
        "Resolved: Host kvm-101 is Down",
    ]
    lines = render("csnet.text", firing=1, resolved=1).strip().splitlines()
    assert (lines[0], lines[-1]) == ("Host kvm-0 is Down", "Resolved: Host kvm-100 is Down")


@pytest.mark.real
def test_the_text_stays_short(render: Render) -> None:
    """Ten of each are told, and how many there are."""
    said = render("csnet.text", firing=12, resolved=11)
    assert said.count("Runbook: ") == 10
    assert said.count("Resolved: ") == 10
    assert "and more: 12 in all" in said
    assert "and more: 11 resolved in all" in said
