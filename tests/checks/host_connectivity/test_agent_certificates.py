"""Certificates of agents: when one should have been renewed, and hosts that have none."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_certificates import AUTOMATIC, OVERDUE, PERIOD, judge
from exporter.cloud.targets import HostEndpoint
from exporter.model import Sample
from exporter.questions.certificates import Certificate
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE
from tests.checks.host_connectivity import reach_scene as scene

DAY = 86400


def said(certificate: Certificate | None, settings: dict[str, str] | None = None, **of: Any) -> list[Sample]:
    """Return what is said of a host that shows this certificate."""
    host = scene.host(**of)
    target = HostEndpoint(host, "zone-1")
    cloud = scene.cloud(host, settings=settings or {})
    return scene.judged(judge, target, {HOST_CERTIFICATE: certificate}, cloud, looks=1)


def lasting(days: float, **changes: Any) -> Certificate:
    """Return a certificate of CloudStack's CA that ends in so many days."""
    given: dict[str, Any] = {"not_before": scene.NOW - 300 * DAY, "not_after": scene.NOW + days * DAY}
    return Certificate(**(given | {"issuer": "ca.cloudstack.apache.org"} | changes))


@pytest.mark.parametrize(("days", "is_problem"), [(365, False), (15, False), (10.1, False), (9.9, True), (-2, True)])
def test_when_it_is_a_problem(days: float, is_problem: bool) -> None:
    """CloudStack renews fifteen days ahead, so each certificate has less than thirty for two weeks a year."""
    samples = said(lasting(days))
    assert OVERDUE.problem is not None
    assert OVERDUE.problem.holds(scene.only(samples, "agent_certificate_overdue").value, scene.NOW) == is_problem
    ends = scene.only(samples, "agent_certificate_not_after_timestamp_seconds")
    assert ends.value == int(scene.NOW + days * DAY)


@pytest.mark.parametrize(
    ("told", "fine", "overdue"),
    [("7", 2.1, 1.9), ("60", 55.1, 54.9), ("3", 1.1, 0.9), ("0", 1.1, 0.9), ("", 10.1, 9.9), ("soon", 10.1, 9.9)],
)
def test_cloudstacks_own_period(told: str, fine: float, overdue: float) -> None:
    """It renews so many days ahead as the setting says; five days later it should long have happened."""
    for days, is_overdue in ((fine, False), (overdue, True)):
        sample = scene.only(said(lasting(days), {PERIOD: told}), "agent_certificate_overdue")
        assert sample.value == is_overdue


def test_renewal_that_is_switched_off() -> None:
    """Then nobody but people renews, and the finding says so."""
    off = scene.only(said(lasting(5), {AUTOMATIC: "false"}), "agent_certificate_overdue")
    assert off.value == 1
    assert off.seen.endswith(f"; {AUTOMATIC} is false")
    assert AUTOMATIC not in scene.only(said(lasting(5), {AUTOMATIC: "true"}), "agent_certificate_overdue").seen


def test_who_signed_it_does_not_matter() -> None:
    """The CA is CloudStack's own; a certificate that signs itself is what the root plugin may be given."""
    for changes in ({"issuer": ""}, {"is_self_signed": True}, {"names": frozenset({"elsewhere"})}):
        assert len(said(lasting(100, **changes))) == 3


def test_the_words() -> None:
    """Until when, by whom; or since when it is over."""
    soon = scene.only(said(lasting(5)), "agent_certificate_overdue")
    assert (soon.seen, soon.expected) == (
        "valid until 2027-01-20, issued by ca.cloudstack.apache.org",
        "at least 10 more days",
    )
    over = scene.only(said(lasting(-2)), "agent_certificate_overdue")
    assert over.seen == "expired on 2027-01-13"


def test_a_cloud_that_is_not_secured() -> None:
    """There is no certificate to expire; that it is so is told."""
    assert scene.values(said(None), "host_secured") == {(): 0}
    assert len(said(None)) == 1
    assert scene.values(said(lasting(100)), "host_secured") == {(): 1}


@pytest.mark.parametrize(
    "of", [{"hypervisor": "XenServer"}, {"resource_state": "Maintenance"}, {"created": scene.NOW - 60}]
)
def test_hosts_that_are_not_judged(of: dict[str, Any]) -> None:
    """Other hypervisors have no agent; what is held back is not told."""
    assert said(lasting(-2), **of) == []


def test_a_host_whose_agent_is_lost_is_judged() -> None:
    """An expired certificate is why."""
    assert len(said(lasting(-2), state="Alert")) == 3
