"""``check`` of a host that CloudStack holds back on purpose and that is switched off."""

from __future__ import annotations

from exporter.commands.check import _is_known
from exporter.lab.world.places import Host
from tests.watching import watching


async def test_it_is_a_name_that_is_known_though_nobody_visits_it() -> None:
    """Whoever asks for it is not told that there is no such host; what CloudStack says of it is judged."""
    async with watching() as watch:
        host: Host = next(host for host in watch.lab.world.hosts if host.resource_state == "Maintenance")
        host.state = "Down"
        await watch.app.engine.refresh()
        assert host.name not in {entry.target.name for entry in watch.app.engine.schedule.entries.values()}
        assert _is_known(watch.app, host.name)
        assert watch.app.engine.board.is_about(host.name)
        assert host.name not in {subject for subjects in watch.problems().values() for subject in subjects}
