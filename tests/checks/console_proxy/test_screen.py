"""The websocket port behind the page."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.remedies import CHECK_PUBLIC_PATH, DESTROY
from exporter.checks.console_proxy.screen import CHECK
from exporter.model import Reason
from exporter.questions.system_vms.console import Connection, Page
from tests.checks.console_proxy.scene import NOW, cloud, endpoint, of_target, problems, proxy, values, way

KEY = ("vnc_reachable", "v-2-VM")
WORLD = cloud(proxy())


def test_an_open_port() -> None:
    """One sample, 1."""
    assert values(of_target(CHECK, endpoint(proxy(), WORLD), way(), WORLD)) == {KEY: 1}


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [(Reason.REFUSED, DESTROY), (Reason.TIMEOUT, CHECK_PUBLIC_PATH), (Reason.TLS, CHECK_PUBLIC_PATH)],
)
def test_a_closed_port_is_another_one_and_a_silent_one_a_firewall(reason: Reason, remedy: str) -> None:
    """The port is fixed at creation, so refused means destroy."""
    said = of_target(CHECK, endpoint(proxy(), WORLD), way(vnc=Connection(reason, "why")), WORLD)
    assert problems(said) == {KEY}
    assert said[KEY].remedy == remedy


def test_without_novnc_the_port_is_not_used() -> None:
    """A 404 of the page on an old proxy: no verdict on a port that it never had."""
    given = way(page=Page(status=404), vnc=Connection(Reason.REFUSED, "closed"))
    assert of_target(CHECK, endpoint(proxy(), WORLD), given, WORLD) == {}


def test_a_new_proxy_is_not_red() -> None:
    """It opens its ports one after the other."""
    world = cloud(proxy(created=NOW - 60))
    given = way(vnc=Connection(Reason.REFUSED, "closed"))
    assert of_target(CHECK, endpoint(proxy(), world), given, world) == {}


def test_an_old_answer_of_the_page_is_not_looked_at_when_the_way_is_closed_now() -> None:
    """With the web port closed the cause is there; the screen behind it is no second finding."""
    closed = Connection(Reason.REFUSED, "closed")
    assert of_target(CHECK, endpoint(proxy(), WORLD), way(tcp=closed, vnc=closed), WORLD) == {}
