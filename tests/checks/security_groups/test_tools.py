"""Programs that security groups need."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.tools import judge
from exporter.questions.host_firewall import TOOLS
from tests.checks.security_groups import guarded_host as scene


@pytest.mark.parametrize("missing", TOOLS)
def test_each_program_is_needed(missing: str) -> None:
    """Also ipset, which CloudStack itself does not look for."""
    texts = scene.Texts(tools=tuple(tool for tool in TOOLS if tool != missing))
    found = scene.only(scene.judged(judge, texts, looks=1), "tools_missing")
    assert (found.value, found.seen) == (1, f"not installed: {missing}")


def test_all_there() -> None:
    """Zero is said."""
    assert scene.counts(scene.judged(judge)) == {"tools_missing": 0}


def test_a_zone_without_security_groups_needs_none() -> None:
    """A host there may do without."""
    found = scene.judged(judge, scene.Texts(tools=()), seen_by=scene.cloud(networks={}))
    assert scene.counts(found) == {"tools_missing": 0}
