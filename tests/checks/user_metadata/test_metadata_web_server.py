"""The verdict on the web server."""

from __future__ import annotations

from exporter.checks.user_metadata.metadata_web_server import judge
from exporter.model import Sample
from exporter.questions.routers.metadata import METADATA_WEB_SERVER, WebServer
from exporter.questions.routers.sockets import ROUTER_SOCKETS, read_sockets
from exporter.questions.routers.state import Role
from tests.checks.user_metadata import scene
from tests.remote_texts import sample

ROUTER = scene.router()


def verdict(server: WebServer, of: object = ROUTER, sockets: str = "", **fields: object) -> list[Sample]:
    """Return the samples for this state."""
    values = {METADATA_WEB_SERVER: server} | ({ROUTER_SOCKETS: read_sockets(sockets)} if sockets else {})
    return scene.judged(judge, of, scene.cloud(of), values, **fields)  # type: ignore[arg-type]


def test_states() -> None:
    """Processes, and the unit where there is one."""
    assert [one.value for one in verdict(WebServer("active", 3))] == [1]
    assert [one.value for one in verdict(WebServer("", 1))] == [1]
    (down,) = verdict(WebServer("failed", 0))
    assert (down.value, down.seen) == (0, "0 processes, unit failed; sockets unknown")


def test_sockets_are_evidence() -> None:
    """Where the server really listens is said beside."""
    (found,) = verdict(WebServer("inactive", 3), sockets=sample("router", "ss-tcp"))
    assert found.seen == "3 processes, unit inactive; listens on 10.1.1.1:443, 10.1.1.1:80"
    (found,) = verdict(WebServer("inactive", 0), sockets="LISTEN 0 5 10.1.1.1:22 0.0.0.0:*")
    assert found.seen == "0 processes, unit inactive; it listens nowhere"


def test_a_router_that_needs_none() -> None:
    """A VPC router without tiers cannot start it, a backup is not judged, a new tier has a minute."""
    empty = scene.router(vpc_id="v", network_id="", nics=())
    assert verdict(WebServer("failed", 0), of=empty) == []
    backup = scene.router(is_redundant=True, nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),))
    assert verdict(WebServer("failed", 0), of=backup, role=Role.BACKUP) == []
    assert verdict(WebServer("failed", 0), looks=1) == []
