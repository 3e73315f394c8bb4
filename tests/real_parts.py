"""Real parts from Debian's packages: where CI=true a missing one is an error, elsewhere the test is skipped."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*binaries: str) -> None:
    """Skip the running test, or fail it where CI=true, unless every program is installed."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [binary for binary in binaries if shutil.which(binary, path=path) is None]
    if missing:
        _miss(f"not installed: {', '.join(missing)}")


def require_root(why: str) -> None:
    """Skip the running test, or fail it where CI=true, unless it runs as root."""
    if os.geteuid() != 0:
        _miss(why)


def _miss(message: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
