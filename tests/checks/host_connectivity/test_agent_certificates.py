"""Certificates of agents: when one should have been renewed, and hosts that have none."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_certificates import NOT_AFTER, judge
from exporter.cloud.targets import HostEndpoint
from exporter.model import Sample
from exporter.questions.certificates import Certificate
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE
from tests.checks.host_connectivity import reach_scene as scene

DAY = 86400


def said(certificate: Certificate | None, **of: Any) -> list[Sample]:
    """Return what is said of a host that shows this certificate."""
    host = scene.host(**of)
    target = HostEndpoint(host, "zone-1")
    return scene.judged(judge, target, {HOST_CERTIFICATE: certificate}, scene.cloud(host), looks=1)


def lasting(days: float, **changes: Any) -> Certificate:
    """Return a certificate of CloudStack's CA that ends in so many days."""
    given: dict[str, Any] = {"not_before": scene.NOW - 300 * DAY, "not_after": scene.NOW + days * DAY}
    return Certificate(**(given | {"issuer": "ca.cloudstack.apache.org"} | changes))


@pytest.mark.parametrize(("days", "is_problem"), [(365, False), (15, False), (10.1, False), (9.9, True), (-2, True)])
def test_when_it_is_a_problem(days: float, is_problem: bool) -> None:
    """CloudStack renews fifteen days ahead, so each certificate has less than thirty for two weeks a year."""
    sample = scene.only(said(lasting(days)), "agent_certificate_not_after_timestamp_seconds")
    assert NOT_AFTER.problem is not None
    assert NOT_AFTER.problem.holds(sample.value, scene.NOW) == is_problem


def test_who_signed_it_does_not_matter() -> None:
    """The CA is CloudStack's own; a certificate that signs itself is what the root plugin may be given."""
    for changes in ({"issuer": ""}, {"is_self_signed": True}, {"names": frozenset({"elsewhere"})}):
        assert len(said(lasting(100, **changes))) == 2


def test_the_words() -> None:
    """Until when, by whom; or since when it is over."""
    soon = scene.only(said(lasting(5)), "agent_certificate_not_after_timestamp_seconds")
    assert (soon.seen, soon.expected) == (
        "valid until 2027-01-20, issued by ca.cloudstack.apache.org",
        "at least 10 more days",
    )
    over = scene.only(said(lasting(-2)), "agent_certificate_not_after_timestamp_seconds")
    assert over.seen == "expired on 2027-01-13"


def test_a_cloud_that_is_not_secured() -> None:
    """There is no certificate to expire; that it is so is told."""
    assert scene.values(said(None), "host_secured") == {(): 0}
    assert scene.values(said(None), "agent_certificate_not_after_timestamp_seconds") == {}
    assert scene.values(said(lasting(100)), "host_secured") == {(): 1}


@pytest.mark.parametrize(
    "of", [{"hypervisor": "XenServer"}, {"resource_state": "Maintenance"}, {"created": scene.NOW - 60}]
)
def test_hosts_that_are_not_judged(of: dict[str, Any]) -> None:
    """Other hypervisors have no agent; what is held back is not told."""
    assert said(lasting(-2), **of) == []


def test_a_host_whose_agent_is_lost_is_judged() -> None:
    """An expired certificate is why."""
    assert len(said(lasting(-2), state="Alert")) == 2
