"""The Alertmanager example: who is told what, and what is hidden by what."""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.expressions import judged
from alerts.rows import load, sources

Matching = Callable[[list[str]], list[str]]
BLIND = {
    "CloudStackNetExporterAbsent",
    "CloudStackNetExporterDown",
    "CloudStackNetInventoryStale",
    "CloudStackNetTargetsBlind",
    "CloudStackNetVisitsStalled",
}
HERE = {"job": "cloudstack-network-exporter", "zone": "zone-1"}
PROXY, OTHER_PROXY = {**HERE, "console_proxy": "v-2-VM"}, {**HERE, "console_proxy": "v-5-VM"}
ROUTER, OTHER_ROUTER = {**HERE, "router": "r-1-VM"}, {**HERE, "router": "r-2-VM"}
PAIR = {**HERE, "pair": "r-1-VM+r-2-VM"}
SHOWN: tuple[tuple[str, dict[str, str]], ...] = (
    ("CloudStackNetConsoleProxyDown", PROXY),
    ("CloudStackNetConsoleUnreachable", OTHER_PROXY),
    ("CloudStackNetConsoleCertificateExpiresNow", OTHER_PROXY),
    ("CloudStackNetConsoleProxyNoneUsable", HERE),
    ("CloudStackNetConsoleManagementStuck", HERE),
    ("CloudStackNetRouterDown", ROUTER),
    ("CloudStackNetRouterPairBroken", PAIR),
    ("CloudStackNetPasswordServiceDown", OTHER_ROUTER),
    ("CloudStackNetMetadataServiceDown", OTHER_ROUTER),
    ("CloudStackNetExporterAbsent", {"job": HERE["job"]}),
    ("CloudStackNetExporterDown", {"job": "another-cloud", "instance": "other:10061"}),
    ("CloudStackNetInventoryStale", {"job": HERE["job"]}),
)
HIDDEN: tuple[tuple[str, dict[str, str]], ...] = (
    ("CloudStackNetConsoleUnreachable", PROXY),
    ("CloudStackNetConsoleCertificateInvalid", PROXY),
    ("CloudStackNetConsoleCertificateExpiresSoon", PROXY),
    ("CloudStackNetConsoleAgentDisconnected", PROXY),
    ("CloudStackNetConsoleDnsWrong", OTHER_PROXY),
    ("CloudStackNetConsoleCertificateExpiresSoon", OTHER_PROXY),
    ("CloudStackNetPasswordServiceDown", ROUTER),
    ("CloudStackNetMetadataServiceDown", ROUTER),
    ("CloudStackNetMetadataNameWrong", ROUTER),
    ("CloudStackNetMetadataMissing", OTHER_ROUTER),
    ("CloudStackNetRouterPairDegraded", PAIR),
    ("CloudStackNetPasswordPairRoleWrong", PAIR),
    ("CloudStackNetExporterDown", {"job": HERE["job"], "instance": "exporter:10061"}),
)


@pytest.fixture
def config(deploy: Path) -> dict[str, Any]:
    """Return the example."""
    found: dict[str, Any] = yaml.safe_load((deploy / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    return found


@pytest.mark.real
def test_amtool_accepts_it(require: Callable[..., None], deploy: Path) -> None:
    """Configuration and templates are valid."""
    require("amtool")
    subprocess.run(["amtool", "check-config", str(deploy / "alertmanager" / "alertmanager.yml")], check=True)


def _receiver(name: str, severity: str) -> str:
    if severity == "none":
        return "deadman"
    if severity == "info":
        return "nobody"
    return "oncall" if severity == "critical" or name in BLIND else "ticket"


@pytest.mark.real
def test_every_alert_goes_where_its_severity_says(
    require: Callable[..., None], deploy: Path, alerts: dict[str, dict[str, str]]
) -> None:
    """Critical and blind ones page, warnings are tickets, info is never routed, the watchdog feeds the dead man."""
    require("amtool")
    told = {}
    for name, labels in alerts.items():
        words = [f"{key}={value}" for key, value in {"alertname": name, **labels}.items()]
        command = ["amtool", "config", "routes", "test", "--config.file", str(deploy / "alertmanager/alertmanager.yml")]
        told[name] = subprocess.run([*command, *words], check=True, capture_output=True, text=True).stdout.strip()
    assert told == {name: _receiver(name, labels["severity"]) for name, labels in alerts.items()}


@pytest.fixture
def identity() -> dict[str, set[str]]:
    """Return alert -> the labels that tell its object."""
    known, rows = judged(), [row for source in sources() for row in load(source)]
    own = {row.alert: {"job", *dict(row.labels)} if row.expr else {"job"} for row in rows}
    return {row.alert: own[row.alert] | {one for name in row.metrics for one in known[name].identity} for row in rows}


def test_inhibition_is_about_one_object(
    config: dict[str, Any], matching: Matching, identity: dict[str, set[str]]
) -> None:
    """Each rule selects alerts that exist, none is its own target, and the cause names what must be equal."""
    for rule in config["inhibit_rules"]:
        causes, effects = matching(rule["source_matchers"]), matching(rule["target_matchers"])
        assert causes
        assert effects
        assert not set(causes) & set(effects)
        for cause in causes:
            assert set(rule.get("equal", ())) <= identity[cause]
        shared = [name for name in effects if set(rule.get("equal", ())) <= identity[name]]
        assert shared, "no effect has the labels that must be equal"


def test_nothing_hides_that_we_are_blind(
    config: dict[str, Any], alerts: dict[str, dict[str, str]], matching: Matching
) -> None:
    """No rule hides an alert about the exporter, but for one instance when its job is absent; none about the cloud."""
    for rule in config["inhibit_rules"]:
        causes, effects = matching(rule["source_matchers"]), matching(rule["target_matchers"])
        about_us = [name for name in effects if alerts[name]["component"] == "exporter"]
        assert about_us in ([], ["CloudStackNetExporterDown"])
        if any(alerts[name]["component"] == "exporter" for name in causes):
            assert effects == about_us


@pytest.mark.real
async def test_causes_hide_their_effects(states: Callable[[list[dict[str, str]]], Awaitable[list[str]]]) -> None:
    """With a proxy, a router and a pair down, only the causes and other objects' alerts are left to notify."""
    found = await states([{"alertname": name, **where} for name, where in (*SHOWN, *HIDDEN)])
    assert found == ["active"] * len(SHOWN) + ["suppressed"] * len(HIDDEN)
