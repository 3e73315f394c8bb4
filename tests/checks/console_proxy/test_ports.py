"""Ports that are open inside, against those that browsers are sent to."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.ports import CHECK
from exporter.checks.console_proxy.remedies import DESTROY, UPLOAD_CERTIFICATE
from exporter.questions.routers.sockets import Socket
from exporter.questions.system_vms.console_proxy import PROXY_SOCKETS, PROXY_VNC_PORT
from tests.checks.console_proxy.scene import (
    NOW,
    PLAIN,
    WILDCARD,
    answers,
    cloud,
    inside,
    of_target,
    problems,
    proxy,
    values,
)

WEB, VNC, FIXED = ("listening", "v-2-VM", "web"), ("listening", "v-2-VM", "vnc"), ("vnc_port_ok", "v-2-VM")


def said(ports: tuple[int, ...], vnc: int | None, settings: dict[str, str], **changes: Any) -> dict[Any, Any]:
    sockets = tuple(Socket("tcp", "*", port) for port in (3922, *ports))
    given = {PROXY_SOCKETS: sockets} | ({} if vnc is None else {PROXY_VNC_PORT: vnc})
    vm = proxy(**changes)
    return of_target(CHECK, inside(vm), answers(given), cloud(vm, settings=settings))


@pytest.mark.parametrize(
    ("ports", "vnc", "settings", "expected"),
    [
        ((443, 8443), 8443, WILDCARD, {WEB: 1, VNC: 1, FIXED: 1}),
        ((80, 8080), 8080, PLAIN, {WEB: 1, VNC: 1, FIXED: 1}),
        ((80, 443, 8443), 8443, WILDCARD, {WEB: 1, VNC: 1, FIXED: 1}),
        ((80, 8080), 8080, WILDCARD, {WEB: 0, VNC: 1, FIXED: 0}),  # TLS switched on afterwards, or no certificate
        ((443, 8080), 8080, WILDCARD, {WEB: 1, VNC: 1, FIXED: 0}),
        ((443, 8443), 8443, PLAIN, {WEB: 0, VNC: 1, FIXED: 0}),  # TLS switched off afterwards
        ((), 8443, WILDCARD, {WEB: 0, VNC: 0, FIXED: 1}),
        ((443,), 0, WILDCARD, {WEB: 1}),  # no noVNC before 4.15
        ((443,), None, WILDCARD, {WEB: 1}),  # the port was not asked yet
    ],
)
def test_ports_against_settings(
    ports: tuple[int, ...], vnc: int | None, settings: dict[str, str], expected: dict[Any, int]
) -> None:
    """Each port is judged by itself; every 0 is a problem."""
    found = said(ports, vnc, settings)
    assert values(found) == expected
    assert problems(found) == {key for key, value in expected.items() if not value}


def test_the_remedy_is_never_a_reboot() -> None:
    """Nothing on 443 under TLS: the certificate first; a wrong port otherwise: destroy."""
    found = said((80, 8080), 8080, WILDCARD)
    assert (found[WEB].remedy, found[FIXED].remedy) == (UPLOAD_CERTIFICATE, UPLOAD_CERTIFICATE)
    assert said((443, 8080), 8080, WILDCARD)[FIXED].remedy == DESTROY
    found = said((443, 8443), 8443, PLAIN)
    assert (found[WEB].remedy, found[FIXED].remedy) == (DESTROY, DESTROY)


@pytest.mark.parametrize(("address", "is_open"), [("*", 1), ("203.0.113.7", 1), ("127.0.0.1", 0), ("10.1.1.7", 0)])
def test_a_listener_must_be_open_to_the_public_side(address: str, is_open: int) -> None:
    """Loopback and the private address do not serve browsers."""
    given = answers({PROXY_SOCKETS: (Socket("tcp", address, 443),)})
    assert of_target(CHECK, inside(proxy()), given, cloud(proxy()))[WEB].value == is_open


def test_a_new_proxy_opens_its_ports_in_its_own_time() -> None:
    """What is open is said, what is not yet is not; the port it was created with is known at once."""
    assert values(said((), 8080, WILDCARD, created=NOW - 60)) == {FIXED: 0}
    assert values(said((443,), 8443, WILDCARD, created=NOW - 60)) == {WEB: 1, FIXED: 1}
