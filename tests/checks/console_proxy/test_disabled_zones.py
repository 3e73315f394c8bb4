"""A zone that is disabled is being built, or torn down: nothing about its console proxies alarms."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy import certificate, certificate_names, dns, ports, reachable, screen
from exporter.model import Reason
from exporter.questions.system_vms.console import Connection, Lookup
from exporter.questions.system_vms.console_proxy import PROXY_SOCKETS, PROXY_VNC_PORT
from tests.checks.console_proxy import scene

BAD: dict[Any, Any] = {
    reachable: scene.way(tcp=Connection(Reason.TIMEOUT, "silent")),
    screen: scene.way(vnc=Connection(Reason.REFUSED, "refused")),
    dns: scene.way(name=Lookup((), "NXDOMAIN")),
    certificate: scene.way(certificate=(scene.certificate(end=-1),)),
    certificate_names: scene.way(certificate=(scene.certificate("203-0-113-7.console.example"),)),
    ports: scene.answers({PROXY_SOCKETS: (), PROXY_VNC_PORT: 8080}),
}


@pytest.mark.parametrize("check", BAD, ids=lambda check: check.__name__.rpartition(".")[2])
def test_what_is_wrong_in_a_disabled_zone(check: Any) -> None:
    """The same is a problem where the zone is in use."""
    found = []
    for enabled in (True, False):
        vms = (scene.proxy(), scene.proxy("v-3-VM", public_address="203.0.113.8"))
        world = scene.cloud(*vms, enabled=enabled)
        target = scene.inside(vms[0]) if check is ports else scene.endpoint(vms[0], world)
        found.append(scene.problems(scene.of_target(check.CHECK, target, BAD[check], world)))
    assert found[0]
    assert found[1] == set()
