"""The systemd unit, and the examples for Prometheus and Grafana."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml


@pytest.mark.real
def test_systemd_accepts_the_unit(require: Callable[..., None], deploy: Path, tmp_path: Path) -> None:
    """Every directive is known; the program's path stands for one that exists here."""
    require("systemd-analyze")
    unit = tmp_path / "cloudstack-network-exporter.service"
    text = (deploy / "systemd" / unit.name).read_text(encoding="utf-8")
    replaced = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    unit.write_text(replaced, encoding="utf-8")
    result = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    mine = [line for line in result.stderr.splitlines() if unit.name in line]
    assert not mine, mine
    assert result.returncode == 0, result.stderr


@pytest.mark.real
def test_the_unit_is_hardened(require: Callable[..., None], deploy: Path) -> None:
    """systemd's own rating of the unit's exposure stays below 2 of 10."""
    require("systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20"]
    unit = deploy / "systemd" / "cloudstack-network-exporter.service"
    result = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-300:]


def test_secrets_are_credentials(deploy: Path) -> None:
    """The unit hands secrets over as credentials and runs as nobody's user."""
    text = (deploy / "systemd" / "cloudstack-network-exporter.service").read_text(encoding="utf-8")
    assert set(re.findall(r"^LoadCredential=(\w+):", text, flags=re.MULTILINE)) == {
        "api_key", "secret_key", "ssh_key", "known_hosts",
    }  # fmt: skip
    for line in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in text


@pytest.mark.real
def test_promtool_accepts_the_prometheus_example(require: Callable[..., None], deploy: Path) -> None:
    """The example is valid."""
    require("promtool")
    path = str(deploy / "prometheus" / "prometheus.yml")
    subprocess.run(["promtool", "check", "config", "--syntax-only", path], check=True)


def test_the_examples_agree(deploy: Path) -> None:
    """Grafana is told the interval at which Prometheus scrapes, and both name the exporter's default port."""
    prometheus = yaml.safe_load((deploy / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    folder = deploy / "grafana" / "provisioning"
    source = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))["datasources"][0]
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    assert prometheus["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:10061"]
    boards = yaml.safe_load((folder / "dashboards" / "cloudstack-network.yaml").read_text(encoding="utf-8"))
    provider = boards["providers"][0]
    assert (provider["folderUid"], provider["allowUiUpdates"], provider["type"]) == ("csnet", False, "file")
