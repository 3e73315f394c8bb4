"""Law 2: stale is not shown, and what is gone from CloudStack is gone."""

from __future__ import annotations

import re

import pytest

from tests.watching import Watch, watching

pytestmark = pytest.mark.timeout(120)


def series(watch: Watch, what: str) -> set[str]:
    """Return the series whose name and labels match."""
    lines = (line.rpartition(" ")[0] for line in watch.page().splitlines() if not line.startswith("#"))
    return {line for line in lines if re.search(what, line)}


async def test_verdicts_stand_until_their_time_and_not_a_second_longer() -> None:
    """A router that answers no more keeps its verdicts for two cadences and a deadline; then only telemetry speaks."""
    async with watching(remembers=True) as watch:
        await watch.look()
        await watch.lab.set("ssh_refused", on=True)
        await watch.look()
        router = min(who for who, why in watch.failures() if who.startswith("r-") and why == "refused")
        (entry,) = [e for e in watch.app.engine.schedule.entries.values() if e.target.name == router]
        ends = min(answer.expires for answer in entry.memory.values.values())
        intervals = watch.app.config.intervals
        assert ends == min(a.asked for a in entry.memory.values.values()) + 2 * intervals.router + intervals.deadline
        daemon = rf'password_reset_daemon_up\{{.*"{router}"'
        assert series(watch, daemon)
        watch.clock.moved += ends - 5 - watch.clock.boot()
        assert series(watch, daemon)
        watch.clock.moved += ends + 0.001 - watch.clock.boot()
        assert series(watch, daemon) == set()
        up = [line for line in watch.page().splitlines() if re.search(rf'target_up\{{.*target="{router}"', line)]
        assert [line.rpartition(" ")[2] for line in up] == ["0"]
        assert series(watch, rf'target_last_success_timestamp_seconds\{{.*target="{router}"')


async def test_old_facts_judged_again_are_not_renewed() -> None:
    """Each failing visit judges what is left; the end of the verdict does not move."""
    async with watching(remembers=True) as watch:
        await watch.look()
        engine = watch.app.engine
        await watch.lab.set("ssh_refused", on=True)
        await watch.look()
        router = min(who for who, why in watch.failures() if who.startswith("r-") and why == "refused")
        place = next(p for p in engine.board._standing if p[1] == "daemon" and p[2][1].endswith(f"/{router}"))
        first = engine.board._standing[place].judgment.expires
        await watch.look(2)
        assert engine.board._standing[place].judgment.expires == first


async def test_what_only_the_cloud_tells_ends_with_the_cloud() -> None:
    """With the API away, verdicts on CloudStack's state expire; those from visits go on."""
    async with watching(remembers=True) as watch:
        await watch.look()
        assert series(watch, r"user_metadata_router_down\{")
        await watch.lab.set("api_down", on=True)
        lifetime = watch.app.engine.inventory.cloud.expires - watch.clock.boot()  # type: ignore[union-attr]
        watch.clock.moved += lifetime + 1
        await watch.look()
        assert series(watch, r"user_metadata_router_down\{") == set()
        assert series(watch, r"user_metadata_http_up\{")
        tile = watch.snapshot().tiles[9]
        assert tile.state == "unknown"


async def test_a_target_gone_from_cloudstack_loses_all_its_series_in_one_cycle() -> None:
    """A router that was destroyed leaves nothing behind but its pair's or network's verdict."""
    async with watching(remembers=True) as watch:
        await watch.look()
        routers = set(re.findall(r'router="(r-\d+-VM)"', watch.page()))
        await watch.lab.set("router_gone", on=True)
        await watch.app.engine.refresh()
        cloud = watch.app.engine.inventory.cloud
        assert cloud is not None
        gone = routers - {router.name for router in cloud.routers.values()}
        assert len(gone) == 1
        watch.app.engine.tick()
        assert series(watch, f'"{gone.pop()}"') == set()


async def test_a_visit_that_ends_after_its_target_has_gone_brings_no_series_back() -> None:
    """Nobody would ever take them away again: the target is forgotten already."""
    async with watching(remembers=True) as watch:
        await watch.look()
        engine = watch.app.engine
        before = dict(engine.schedule.entries)
        await watch.lab.set("router_gone", on=True)
        await engine.refresh()
        (gone,) = before.keys() - engine.schedule.entries.keys()
        await engine.schedule.visit(before[gone])
        engine.tick()
        assert series(watch, f'"{before[gone].target.name}"') == set()


async def test_no_sample_carries_a_timestamp() -> None:
    """Staleness is Prometheus's to decide."""
    async with watching(remembers=True) as watch:
        await watch.look()
        assert not [
            line
            for line in watch.page().splitlines()
            if not line.startswith("#") and len(re.sub(r"\{.*\}", "", line).split()) != 2
        ]
