"""The page read by Debian's promtool."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from exporter.model import Metric
from exporter.page import Page
from tests.real_parts import require


@pytest.mark.real
def test_promtool_finds_nothing_to_say(
    make_page: Callable[..., Page], up: Metric, errors: Metric, count: Metric
) -> None:
    """``promtool check metrics`` reads a full page, with refusals and cuts on it, without a word."""
    require("promtool")
    page = make_page(series_limit=5)
    hostile = ['say "hi"', "back\\slash", "new\nline", "é\u2028", "", "{}=,#"]
    for number in range(30):
        samples = [up.sample(f"z{number}", thing, value=number / 7) for thing in [*hostile, "twice", "twice"]]
        page.put(("host", f"h{number}"), "c", up, samples[number % 4 :], None)
    page.put(("zone", "z"), "z", errors, [errors.sample("z", value=10**12)], None)
    page.put(("zone", "z"), "z", count, [count.sample(value=-1.5e-9)], None)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=b"".join(page.text()), capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert page.statistics().truncated
    assert page.statistics().refused
