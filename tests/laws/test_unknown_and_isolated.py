"""Laws 1 and 3: whatever a target sends or withholds, it becomes unknown with a reason, and nothing else changes."""

from __future__ import annotations

import re

import pytest

from exporter.lab.faults import CATALOGUE
from exporter.lab.inside.router import CANARY
from exporter.model import Reason
from tests.watching import Watch, watching

pytestmark = pytest.mark.timeout(120)

BEHIND_SSH = [
    name
    for name in CATALOGUE
    if name.startswith(("ssh_", "router_", "output_", "wrapper_")) and not CATALOGUE[name].expects
]
API = [name for name in CATALOGUE if name.startswith("api_")]
NO_VERDICT = re.compile(r"^cloudstack_network_(exporter_|issue_|finding_)")


def verdict_lines(watch: Watch) -> dict[str, list[str]]:
    """Return the sample lines of verdicts by the machine that they name."""
    found: dict[str, list[str]] = {}
    for line in watch.page().splitlines():
        if not line.startswith("#") and not NO_VERDICT.match(line) and line.startswith("cloudstack_network_"):
            names = re.findall(r'(?:router|console_proxy|pair|host|management_server)="([^"]*)"', line)
            found.setdefault("+".join(names), []).append(line.rpartition(" ")[0])
    return found


@pytest.mark.parametrize("name", BEHIND_SSH)
async def test_a_machine_that_misbehaves_is_unknown_with_a_reason(name: str) -> None:
    """No new value, never 0; others keep every series, and nothing becomes a problem."""
    async with watching() as watch:
        await watch.look(2)  # some verdicts compare two answers
        before = verdict_lines(watch)
        await watch.lab.set(name, on=True)
        await watch.look()
        failures = watch.failures()
        assert failures
        assert {reason for _, reason in failures} <= {reason.value for reason in Reason}
        assert "internal" not in {reason for _, reason in failures}
        assert watch.problems() == {}
        blind = {subject for subject, _ in failures}
        after = verdict_lines(watch)
        assert {who: lines for who, lines in after.items() if not set(who.split("+")) & blind} == {
            who: lines for who, lines in before.items() if not set(who.split("+")) & blind
        }
        assert CANARY not in watch.page()


@pytest.mark.parametrize("name", API)
async def test_an_api_that_misbehaves_costs_only_what_it_tells(name: str) -> None:
    """The last inventory stays with its own time to live, and the page says why it is not renewed."""
    async with watching() as watch:
        await watch.look()
        before = verdict_lines(watch)
        await watch.lab.set(name, on=True)
        engine = watch.app.engine
        is_new = await engine.refresh()
        if name == "api_forbids_routers":
            assert is_new
            assert ("listRouters", "permission") in watch.failures()
            return
        assert not is_new
        assert engine.inventory.failure is not None
        assert engine.inventory.failure.reason is not Reason.INTERNAL
        assert any("API" in notice for notice in watch.snapshot().notices)
        assert verdict_lines(watch) == before


async def test_a_blind_issue_is_never_green() -> None:
    """When no router answers, the tiles of their issues say unknown."""
    async with watching() as watch:
        await watch.lab.set("ssh_refused", on=True)
        await watch.look()
        states = {tile.issue.value: tile.state for tile in watch.snapshot().tiles}
        assert states["password_reset"] == "unknown"
