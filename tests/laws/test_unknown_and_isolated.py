"""Laws 1 and 3: whatever a target sends or withholds, it becomes unknown with a reason, and nothing else changes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from exporter.lab.faults import CATALOGUE
from exporter.lab.inside.router import CANARY
from exporter.model import Reason
from tests.watching import Watch, watching

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

BEHIND_SSH = [
    name
    for name in CATALOGUE
    if name.startswith(("ssh_", "router_", "output_", "wrapper_")) and not CATALOGUE[name].expects
]
API = [name for name in CATALOGUE if name.startswith("api_")]
HEALTHY = {("cloud", "not_configured")}
"""What is not checked in a healthy lab: it has no database here."""
NO_VERDICT = re.compile(r"^cloudstack_network_(exporter_|issue_|finding_)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watch() -> AsyncIterator[Watch]:
    """Begin healthy; a test that breaks something mends it. What was not changed is remembered by the lab."""
    async with watching(remembers=True) as both:
        await both.look(2)  # some verdicts compare two answers
        yield both


async def mended(watch: Watch) -> None:
    """Look until all is seen again; if it never is, the test's limit of time ends it."""
    while watch.failures() != HEALTHY:
        await watch.look()


def verdict_lines(watch: Watch) -> dict[str, list[str]]:
    """Return the sample lines of verdicts by the machine that they name."""
    found: dict[str, list[str]] = {}
    for line in watch.page().splitlines():
        if not line.startswith("#") and not NO_VERDICT.match(line) and line.startswith("cloudstack_network_"):
            names = re.findall(r'(?:router|console_proxy|pair|host|management_server)="([^"]*)"', line)
            found.setdefault("+".join(names), []).append(line.rpartition(" ")[0])
    return {who: sorted(lines) for who, lines in found.items()}


def others(lines: dict[str, list[str]], blind: set[str]) -> dict[str, list[str]]:
    """Return the sample lines of machines that are not blind."""
    return {who: every for who, every in lines.items() if not set(who.split("+")) & blind}


@pytest.mark.parametrize("name", BEHIND_SSH)
async def test_a_machine_that_misbehaves_is_unknown_with_a_reason(watch: Watch, name: str) -> None:
    """No new value, never 0; others keep every series, nothing becomes a problem, and what is mended is seen again."""
    await mended(watch)
    before = verdict_lines(watch)
    await watch.lab.set(name, on=True)
    try:
        await watch.look()
        failures, problems, page, after = watch.failures(), watch.problems(), watch.page(), verdict_lines(watch)
    finally:
        await watch.lab.set(name, on=False)
    failures -= HEALTHY
    assert failures
    assert {reason for _, reason in failures} <= {reason.value for reason in Reason}
    assert "internal" not in {reason for _, reason in failures}
    assert problems == {}
    blind = {subject for subject, _ in failures}
    assert others(after, blind) == others(before, blind)
    assert CANARY not in page
    await watch.look()
    await mended(watch)


@pytest.mark.parametrize("name", API)
async def test_an_api_that_misbehaves_costs_only_what_it_tells(watch: Watch, name: str) -> None:
    """The last inventory stays with its own time to live, and the page says why it is not renewed."""
    await mended(watch)
    engine, before = watch.app.engine, verdict_lines(watch)
    await watch.lab.set(name, on=True)
    try:
        is_new = await engine.refresh()
        failure, failures, notices = engine.inventory.failure, watch.failures(), watch.snapshot().notices
        after = verdict_lines(watch)
    finally:
        await watch.lab.set(name, on=False)
    if name == "api_forbids_routers":
        assert is_new
        assert ("listRouters", "permission") in failures
    else:
        assert not is_new
        assert failure is not None
        assert failure.reason is not Reason.INTERNAL
        assert any("API" in notice for notice in notices)
        assert after == before
    await watch.look()
    await mended(watch)
    assert engine.inventory.failure is None


async def test_a_blind_issue_is_never_green() -> None:
    """When no router answers, the tiles of their issues say unknown."""
    async with watching(remembers=True) as fresh:
        await fresh.lab.set("ssh_refused", on=True)
        await fresh.look()
        states = {tile.issue.value: tile.state for tile in fresh.snapshot().tiles}
        assert states["password_reset"] == "unknown"
