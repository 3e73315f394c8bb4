"""The systemd unit, and the examples for Prometheus and Grafana."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from exporter.clock import SystemClock
from exporter.config import parse
from exporter.config.files import SECRETS
from exporter.lab.certificates import Authority


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


def test_the_unit_runs_as_nobodys_user(deploy: Path) -> None:
    """What a breach could do is little."""
    text = (deploy / "systemd" / "cloudstack-network-exporter.service").read_text(encoding="utf-8")
    for line in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in text


def test_the_unit_starts_again_however_the_service_ended(deploy: Path) -> None:
    """A monitor that systemd counts as ended well, for a stray signal, would be missed by nobody."""
    text = (deploy / "systemd" / "cloudstack-network-exporter.service").read_text(encoding="utf-8")
    assert "\nRestart=always\n" in text
    assert "\nExecReload=" not in text  # nothing is read again until the restart; the README of deploy says so


def test_every_secret_is_a_credential_that_the_shown_configuration_names(deploy: Path, tmp_path: Path) -> None:
    """The comment's configuration is good where the credentials are, and each secret of each section is among them."""
    text = (deploy / "systemd" / "cloudstack-network-exporter.service").read_text(encoding="utf-8")
    credentials = re.findall(r"^#?LoadCredential=(\w+):/etc/cloudstack-network-exporter/\1$", text, flags=re.MULTILINE)
    for name in credentials:
        (tmp_path / name).write_text("x", encoding="utf-8")
    Authority(tmp_path, SystemClock().unix()).ca_file.rename(tmp_path / "database-ca.pem")
    shown = "\n".join(re.findall(r"^#   ((?! *systemctl).+)$", text, flags=re.MULTILINE))
    place = "/run/credentials/cloudstack-network-exporter.service"
    assert sorted(re.findall(rf"{place}/(\w+)$", shown, flags=re.MULTILINE)) == sorted(credentials)
    config = parse(shown.replace(place, str(tmp_path)), {}, folder=tmp_path)
    for section, field in SECRETS:
        assert getattr(getattr(config, section), field).get_secret_value() == "x"
    assert config.ssh is not None
    assert {config.ssh.key_file.name, config.ssh.known_hosts_file.name} <= set(credentials)


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
