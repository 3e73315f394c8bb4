"""A browser's way, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.browser import has_novnc, page_trouble, steps
from exporter.model import Reason
from exporter.questions.system_vms.console import Connection, Handshake, Lookup, Page
from tests.checks.console_proxy.scene import PLAIN, cloud, endpoint, proxy, way

REFUSED = Connection(Reason.REFUSED, "nobody listens")
NO_NAME = Lookup((), "NXDOMAIN")


@pytest.mark.parametrize(
    ("changes", "phases"),
    [
        ({}, "dns tcp tls http"),
        ({"tls": Handshake(is_used=False), "certificate": ()}, "dns tcp http"),
        ({"name": NO_NAME}, "DNS tcp tls http"),
        ({"name": None}, "tcp tls http"),
        ({"tcp": REFUSED}, "dns TCP"),
        ({"tcp": None}, "dns"),
        ({"tls": Handshake(reason=Reason.TLS, detail="old")}, "dns tcp TLS"),
        ({"tls": Handshake(protocol="TLSv1.2", error_code=20, error="no issuer")}, "dns tcp tls http"),
        ({"page": Page(reason=Reason.TIMEOUT, detail="slow")}, "dns tcp tls HTTP"),
        ({"page": Page(status=500)}, "dns tcp tls HTTP"),
        ({"page": None}, "dns tcp tls"),
    ],
)
def test_the_way_ends_at_the_first_step_that_fails(changes: dict[str, Any], phases: str) -> None:
    """Capitals fail. Older answers of later steps do not count; a bad certificate does not end the handshake."""
    world = cloud(proxy())
    taken = steps(endpoint(proxy(), world), way(**changes))
    assert " ".join(step.phase.upper() if step.trouble else step.phase for step in taken) == phases


@pytest.mark.parametrize(
    ("status", "version", "domain", "is_ok"),
    [
        (200, "4.20.1.0", "*.console.example", True),
        (404, "4.14.1.0", "*.console.example", True),
        (404, "", "*.console.example", True),
        (404, "4.15.0.0", "*.console.example", False),
        (404, "4.20.1.0", "*.console.example", False),
        (403, "4.14.1.0", "*.console.example", False),
        (503, "4.20.1.0", "console.example", False),
        (301, "4.20.1.0", "console.example", True),
        (302, "4.20.1.0", "*.console.example", False),
    ],
)
def test_which_status_is_alive(status: int, version: str, domain: str, is_ok: bool) -> None:
    """404 before noVNC, and a redirect of the balancer before a literal name."""
    world = cloud(settings=PLAIN | {"consoleproxy.url.domain": domain})
    target = endpoint(proxy(version=version), world)
    assert (page_trouble(Page(status=status), target) == "") is is_ok


@pytest.mark.parametrize(
    ("version", "is_new"),
    [("4.15", True), ("4.15.0.0", True), ("4.9.3", False), ("5.0", True), ("4.20.0.0-SNAPSHOT", True), ("x", False)],
)
def test_novnc_came_with_4_15(version: str, is_new: bool) -> None:
    """Versions are compared as numbers."""
    assert has_novnc(version) is is_new
