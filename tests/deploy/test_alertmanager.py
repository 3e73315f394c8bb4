"""The Alertmanager example: who is told what, and what is hidden by what."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.expressions import judged
from alerts.rows import load, sources

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
SHOWN = (
    ("CloudStackNetConsoleProxyDown", PROXY),
    ("CloudStackNetConsoleUnreachable", OTHER_PROXY),
    ("CloudStackNetConsoleCertificateExpiresNow", OTHER_PROXY),
    ("CloudStackNetConsoleProxyNoneUsable", HERE),
    ("CloudStackNetConsoleManagementStuck", HERE),
    ("CloudStackNetRouterDown", ROUTER),
    ("CloudStackNetRouterPairBroken", PAIR),
    ("CloudStackNetPasswordServiceDown", OTHER_ROUTER),
    ("CloudStackNetMetadataServiceDown", OTHER_ROUTER),
    ("CloudStackNetExporterAbsent", {}),
    ("CloudStackNetInventoryStale", {"job": HERE["job"]}),
)
HIDDEN = (
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


def _alert_labels(name: str) -> set[str]:
    """Return the labels that tell the alert's object."""
    known = judged()
    row = next(row for source in sources() for row in load(source) if row.alert == name)
    own = {"job", *dict(row.labels)} if row.expr else {"job"}
    return own | {label for metric in row.metrics for label in known[metric].identity}


def _matching(matchers: list[str], alerts: dict[str, dict[str, str]]) -> list[str]:
    """Return the names of the alerts that a rule's matchers select."""
    found = []
    for name, labels in alerts.items():
        every = {"alertname": name, **labels}
        parts = [re.fullmatch(r'(\w+)(=~|!=|=)"(.*)"', one) for one in matchers]
        assert all(parts)
        if all(_holds(every.get(part[1], ""), part[2], part[3]) for part in parts if part):
            found.append(name)
    return found


def _holds(value: str, operator: str, expected: str) -> bool:
    if operator == "=~":
        return re.fullmatch(expected, value) is not None
    return (value == expected) == (operator == "=")


def test_inhibition_is_about_one_object(config: dict[str, Any], alerts: dict[str, dict[str, str]]) -> None:
    """Each rule selects alerts that exist, none is its own target, and the cause names what must be equal."""
    for rule in config["inhibit_rules"]:
        causes, effects = _matching(rule["source_matchers"], alerts), _matching(rule["target_matchers"], alerts)
        assert causes
        assert effects
        assert not set(causes) & set(effects)
        for cause in causes:
            assert set(rule.get("equal", ())) <= _alert_labels(cause)
        shared = [name for name in effects if set(rule.get("equal", ())) <= _alert_labels(name)]
        assert shared, "no effect has the labels that must be equal"


def test_nothing_hides_that_we_are_blind(config: dict[str, Any], alerts: dict[str, dict[str, str]]) -> None:
    """No rule hides an alert about the exporter, but for one instance when all are absent; none about the cloud."""
    for rule in config["inhibit_rules"]:
        causes, effects = _matching(rule["source_matchers"], alerts), _matching(rule["target_matchers"], alerts)
        about_us = [name for name in effects if alerts[name]["component"] == "exporter"]
        assert about_us in ([], ["CloudStackNetExporterDown"])
        if any(alerts[name]["component"] == "exporter" for name in causes):
            assert effects == about_us


@pytest.fixture
def alertmanager(
    require: Callable[..., None], deploy: Path, tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[str]:
    """Run Debian's Alertmanager with the example on loopback and return its address."""
    require("prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager", f"--config.file={deploy / 'alertmanager' / 'alertmanager.yml'}",
        f"--storage.path={tmp_path}", f"--web.listen-address={address}", "--cluster.listen-address=",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def _is_up(url: str) -> bool:
    try:
        return bool(_get(f"{url}/api/v2/status"))
    except OSError:
        return False


@pytest.mark.real
async def test_causes_hide_their_effects(alertmanager: str, alerts: dict[str, dict[str, str]]) -> None:
    """With a proxy, a router and a pair down, only the causes and other objects' alerts are left to notify."""
    await _until(lambda: _is_up(alertmanager), 20)
    every = [{"labels": {"alertname": name, **alerts[name], **where}} for name, where in (*SHOWN, *HIDDEN)]
    request = urllib.request.Request(
        f"{alertmanager}/api/v2/alerts", json.dumps(every).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()

    def states() -> dict[tuple[str, str], str]:
        found = _get(f"{alertmanager}/api/v2/alerts")
        return {_named(one["labels"]): one["status"]["state"] for one in found}

    def _named(labels: dict[str, str]) -> tuple[str, str]:
        machine = labels.get("console_proxy") or labels.get("router") or labels.get("pair") or ""
        return labels["alertname"], machine

    expected = {_named({"alertname": name, **where}): "active" for name, where in SHOWN}
    expected |= {_named({"alertname": name, **where}): "suppressed" for name, where in HIDDEN}
    await _until(lambda: states() == expected or _is_settled(states()), 20)
    assert states() == expected


def _is_settled(states: dict[tuple[str, str], str]) -> bool:
    """Return whether Alertmanager has decided about every alert that was posted."""
    return len(states) == len(SHOWN) + len(HIDDEN) and "unprocessed" not in states.values()
