"""The verdict on the health results that CloudStack stores."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exporter.checks import Registered
from exporter.checks.user_metadata.router_health import CHECK, judge
from exporter.cloud.groups import KnownRouter
from exporter.cloud.objects import HealthResult
from exporter.judging import Judging, Judgment
from exporter.model import Failure, Issue, Reason, Sample
from exporter.thresholds import ROUTER_HEALTH_STALE_SECONDS
from tests.checks.user_metadata import scene
from tests.remote_texts import sample

VM = scene.instance()
FRESH = scene.NOW - 60


def result(name: str, status: str = "SUCCESS", ok: bool | None = None, **fields: Any) -> HealthResult:
    """Return one result; ``ok`` follows from the status as the management server makes it."""
    given: dict[str, Any] = {"kind": "basic", "details": "words", "updated": FRESH}
    return HealthResult(name=name, status=status, ok=status == "SUCCESS" if ok is None else ok, **(given | fields))


def found(*results: HealthResult, instances: tuple[Any, ...] = (VM,), **fields: Any) -> list[Sample]:
    """Return the samples of a router with these results."""
    about = {name: fields.pop(name) for name in ("networks", "settings") if name in fields}
    router = scene.router(health=results, **fields)
    return list(judge(KnownRouter("zone1", router), {}, scene.cloud(router, instances=instances, **about)))


def failing(*results: HealthResult, **fields: Any) -> list[str]:
    """Return the names of the checks that are reported, after comparing them with the count."""
    samples = found(*results, **fields)
    names = [one.labels[2] for one in samples if one.metric.name.endswith("_check_failed")]
    assert scene.only(samples, "router_health_failed").value == len(names)
    return names


def recorded(name: str, kind: str) -> tuple[HealthResult, ...]:
    """Return the results of a real router, as the management server stores and lists them."""
    stored = json.loads(sample("metadata", f"{kind}_monitor_results.{name}").partition("\n## ")[0])
    stored.pop("lastRun")
    return tuple(
        result(check, one["success"], kind=kind, details=one["message"], updated=FRESH) for check, one in stored.items()
    )


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("healthy", "basic", []),
        ("restarted", "basic", []),
        ("service-down", "basic", ["webserver.service"]),
        (
            "failing",
            "basic",
            [
                "cpu_usage_check.py",
                "disk_space_check.py",
                "gateways_check.py",
                "memory_usage_check.py",
                "router_version_check.py",
            ],
        ),
        ("failing", "advanced", ["dhcp_check.py", "dns_check.py", "haproxy_check.py", "iptables_check.py"]),
    ],
)
def test_recorded_results(name: str, kind: str, expected: list[str]) -> None:
    """A service that was restarted is well, one that could not be is a warning and down, the rest FAILED."""
    assert failing(*recorded(name, kind)) == expected


def test_results_before_4_22_have_a_flag_only() -> None:
    """Without a status the success flag decides; without both nothing is known and nothing said."""
    old = (result("disk_space_check.py", "", ok=False), result("ssh.service", "", ok=True))
    assert failing(*old) == ["disk_space_check.py"]
    assert failing(HealthResult("dhcp.service", "basic", None, "", "", FRESH)) == []


@pytest.mark.parametrize("status", ["FAILED", "FAILURE"])
def test_both_words_for_failure(status: str) -> None:
    """The enum says FAILED, the documentation FAILURE."""
    assert failing(result("disk_space_check.py", status)) == ["disk_space_check.py"]


def test_warnings_and_unknown_of_scripts_are_no_failure() -> None:
    """Only a service's WARNING means that it is down."""
    results = (result("dns_check.py", "WARNING"), result("haproxy_check.py", "UNKNOWN"))
    assert failing(*results) == []


def test_the_words_for_people() -> None:
    """Check, status and details on one line."""
    failed = scene.only(
        found(result("gateways_check.py", "FAILED", details="Unreachable\n['1.2.3.4']")), "router_health_failed"
    )
    assert failed.seen == "gateways_check.py FAILED: Unreachable ['1.2.3.4']"


def test_the_web_server_of_a_router_without_instances_is_a_false_alarm() -> None:
    """It has nothing to serve, and in an empty VPC it cannot even start."""
    for status in ("WARNING", "FAILED"):
        assert failing(result("webserver.service", status), instances=()) == []
        assert failing(result("webserver.service", status)) == ["webserver.service"]


def test_the_gateways_of_a_backup_are_a_false_alarm() -> None:
    """Its public interfaces are down by design."""
    gateways = result("gateways_check.py", "FAILED")
    assert failing(gateways, is_redundant=True, redundant_state="BACKUP") == []
    assert failing(gateways, is_redundant=True, redundant_state="PRIMARY") == ["gateways_check.py"]


@pytest.mark.parametrize("name", ["dhcp_check.py", "dns_check.py"])
def test_dhcp_and_dns_are_compared_wrongly(name: str) -> None:
    """In shared networks, and in 4.18 where instances were renamed."""
    assert failing(result(name, "FAILED"), networks=(scene.network(type="Shared"),)) == []
    assert failing(result(name, "FAILED"), version="4.18.1") == []
    assert failing(result(name, "FAILED")) == [name]


@pytest.mark.parametrize(
    ("summary", "status", "disagrees"),
    [(False, "FAILED", 1), (True, "FAILED", 0), (False, "SUCCESS", 0), (True, "SUCCESS", 1)],
)
def test_disagreement_with_cloudstacks_summary(summary: bool, status: str, disagrees: int) -> None:
    """4.22 says that nothing fails whatever the results are: the results count, and the difference is shown."""
    samples = found(result("disk_space_check.py", status), health_failed=summary)
    assert scene.only(samples, "router_health_disagrees").value == disagrees
    assert scene.only(samples, "router_health_failed").value == (status == "FAILED")


def test_no_summary_is_no_disagreement() -> None:
    """Versions before 4.14 have none."""
    names = {one.metric.name for one in found(result("disk_space_check.py"))}
    assert not any(name.endswith("disagrees") for name in names)


def test_results_that_nobody_renews() -> None:
    """Old results are stale and judged no more; what the management server tests itself does not make them fresh."""
    old = scene.NOW - ROUTER_HEALTH_STALE_SECONDS - 60
    results = (result("disk_space_check.py", "FAILED", updated=old), result("connectivity.test"))
    samples = found(*results)
    stale = scene.only(samples, "router_health_stale")
    assert (stale.value, stale.seen, stale.expected) == (1, "newest result is 41 minutes old", "under 40 minutes")
    assert scene.only(samples, "router_health_age_seconds").value == ROUTER_HEALTH_STALE_SECONDS + 60
    assert scene.only(samples, "router_health_failed").value == 0
    alone = scene.values_of(found(results[0]))
    assert ("router_health_failed", "r-4-VM") not in alone


def test_fresh_results() -> None:
    """One fresh result of the router is enough to say that it is watched."""
    old = scene.NOW - 10 * ROUTER_HEALTH_STALE_SECONDS
    samples = found(result("haproxy_check.py", updated=old), result("disk_space_check.py"))
    assert scene.only(samples, "router_health_stale").value == 0


def test_longer_intervals_allow_older_results() -> None:
    """An operator who lets the checks run every half hour is not told that they are stale."""
    updated = scene.NOW - 2 * 3600
    slow = {"router.health.checks.basic.interval": "30", "router.health.checks.results.fetch.interval": "30"}
    assert scene.only(found(result("x.py", updated=updated), settings=slow), "router_health_stale").value == 0
    assert scene.only(found(result("x.py", updated=updated)), "router_health_stale").value == 1


@pytest.mark.parametrize("name", ["router.health.checks.enabled", "router.health.checks.basic.interval"])
def test_checks_that_are_off(name: str) -> None:
    """Old results of checks that nobody runs any more say nothing."""
    off = {name: "false" if name.endswith("enabled") else "0"}
    assert found(result("disk_space_check.py", "FAILED"), settings=off) == []


def test_without_the_settings_nothing_is_said() -> None:
    """Whether anybody still runs the checks is then not known, and old results would be called stale."""
    said: list[Judgment] = []
    router = scene.router(health=(result("disk_space_check.py", updated=0.0),))
    judging = Judging((Registered(Issue.USER_METADATA, "router_health", CHECK),), said.append)
    forbidden = {"listConfigurations": Failure(Reason.PERMISSION)}
    for lacks in (forbidden, {}):
        judging.group(KnownRouter("zone1", router), {}, scene.cloud(router, instances=(VM,), lacks=lacks))
        assert bool(said) == (not lacks)


def test_routers_that_have_no_results() -> None:
    """Not enabled, new, or stopped: nothing is said."""
    assert found() == []
    assert found(result("disk_space_check.py", "FAILED"), state="Stopped") == []
