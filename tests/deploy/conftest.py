"""Real programs for what is deployed beside the exporter."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

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
