"""Programs that security groups need."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.tools import judge
from exporter.cloud.cloud import Cloud
from exporter.questions.hosts.firewall import TOOLS
from tests.checks.security_groups import guarded_host as scene


@pytest.mark.parametrize("missing", TOOLS)
def test_each_program_is_needed(missing: str) -> None:
    """Also ipset, which CloudStack itself does not look for."""
    texts = scene.Texts(tools=tuple(tool for tool in TOOLS if tool != missing))
    found = scene.only(scene.judged(judge, texts), "tools_missing")
    assert (found.value, found.seen) == (1, f"not installed: {missing}")


def test_all_there() -> None:
    """Zero is said."""
    assert scene.counts(scene.judged(judge)) == {"tools_missing": 0}


def test_one_look_is_none() -> None:
    """Packages are replaced while a host is upgraded."""
    assert scene.counts(scene.judged(judge, scene.Texts(tools=()), looks=1)) == {"tools_missing": 0}


@pytest.mark.parametrize(
    "seen_by",
    [scene.cloud(networks={}), scene.cloud(()), scene.cloud(scene.machines(["r-4-VM", "s-1-VM"]))],
    ids=["no network with security groups", "no machine", "no machine that must be guarded"],
)
def test_a_host_that_guards_nobody_needs_none(seen_by: Cloud) -> None:
    """It may do without, also in a zone with security groups."""
    assert scene.counts(scene.judged(judge, scene.Texts(tools=()), seen_by=seen_by)) == {"tools_missing": 0}
