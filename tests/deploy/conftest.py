"""Real programs for what is deployed beside the exporter."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

Labels = dict[str, str]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def root() -> Path:
    """Return the repository's folder."""
    return ROOT


@pytest.fixture
def deploy() -> Path:
    """Return the folder deploy/."""
    return ROOT / "deploy"


@pytest.fixture
def require() -> Callable[..., None]:
    """Return ``require(binary, ...)`` of tests/real_parts.py."""
    spec = importlib.util.spec_from_file_location("real_parts", ROOT / "tests" / "real_parts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., None] = module.require
    return found


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return a function that gives a loopback port nobody listens on."""

    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1]
            return port

    return find


@pytest.fixture
def alerts() -> dict[str, dict[str, str]]:
    """Return the labels that each committed alert adds, by its name."""
    found = {}
    for path in sorted((ROOT / "alerts").glob("*.rules.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            found.update({rule["alert"]: rule["labels"] for rule in group["rules"] if "alert" in rule})
    return found


@pytest.fixture
def matching(alerts: dict[str, Labels]) -> Callable[[list[str]], list[str]]:
    """Return a function that gives the names of the alerts that matchers of Alertmanager select."""

    def find(matchers: list[str]) -> list[str]:
        parts = [re.fullmatch(r'(\w+)(=~|!=|=)"(.*)"', one) for one in matchers]
        assert all(parts)
        told = {name: {"alertname": name, **labels} for name, labels in alerts.items()}
        return [
            name
            for name, labels in told.items()
            if all(_holds(labels.get(part[1], ""), part[2], part[3]) for part in parts if part)
        ]

    return find


def _holds(value: str, operator: str, expected: str) -> bool:
    if operator == "=~":
        return re.fullmatch(expected, value) is not None
    return (value == expected) == (operator == "=")


@pytest.fixture
def alertmanager(
    require: Callable[..., None], deploy: Path, tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[str]:
    """Run Debian's Alertmanager with the example on loopback and return its address."""
    require("prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager", f"--config.file={deploy / 'alertmanager' / 'alertmanager.yml'}",
        f"--storage.path={tmp_path}", f"--web.listen-address={address}", "--cluster.listen-address=",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


@pytest.fixture
def states(alertmanager: str, alerts: dict[str, Labels]) -> Callable[[Sequence[Labels]], Awaitable[list[str]]]:
    """Return a function that fires alerts, each given by its own labels, and gives each one's state in their order."""

    async def ask(fired: Sequence[Labels]) -> list[str]:
        await _until(lambda: _is_up(alertmanager))
        every = [{**alerts[one["alertname"]], **one} for one in fired]
        body = json.dumps([{"labels": labels} for labels in every]).encode()
        request = urllib.request.Request(f"{alertmanager}/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()
        await _until(lambda: _is_settled(_states(alertmanager), len(every)))
        found = _states(alertmanager)
        return [found[frozenset(labels.items())] for labels in every]

    return ask


def _states(url: str) -> dict[frozenset[tuple[str, str]], str]:
    return {frozenset(one["labels"].items()): one["status"]["state"] for one in _get(f"{url}/api/v2/alerts")}


def _is_settled(states: dict[frozenset[tuple[str, str]], str], number: int) -> bool:
    """Return whether Alertmanager has decided about every alert that was posted."""
    return len(states) == number and "unprocessed" not in states.values()


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


async def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def _is_up(url: str) -> bool:
    try:
        return bool(_get(f"{url}/api/v2/status"))
    except OSError:
        return False
