"""Rules for a site's own intervals and addresses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import generate
from alerts.expressions import DEFAULTS, cold_round, keep_firing, patience, time_to_live
from alerts.rows import SOURCE
from exporter.config import Intervals

SLOW = Intervals(router=900, deadline=120)
DOWN = "CloudStackNetPasswordServiceDown"
ISSUE = "password_reset"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the rows of one issue that is about routers, and a configuration that names no secret."""
    (tmp_path / "src").mkdir()
    rows = (SOURCE / f"{ISSUE}.yml").read_text(encoding="utf-8")
    (tmp_path / "src" / f"{ISSUE}.yml").write_text(rows, encoding="utf-8")
    text = "cloudstack: {secret_key_file: not-here}\nintervals: {router: 900, deadline: 120}\n"
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")
    return tmp_path


def generated(folder: Path, *words: str) -> dict[str, dict[str, Any]]:
    """Return the alerts of the issue by name, made with these options."""
    options = ["--source", str(folder / "src"), "--output", str(folder / "out"), *words]
    assert generate.main(options) == 0
    data = yaml.safe_load((folder / "out" / f"{ISSUE}.rules.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for rule in data["groups"][0]["rules"]}


def test_rules_follow_the_intervals_of_a_configuration(folder: Path) -> None:
    """They wait for two looks and outlast the time to live of a verdict, however rare the looks are."""
    plain, slow = generated(folder), generated(folder, "--config.file", str(folder / "config.yml"))
    assert (plain[DOWN]["for"], plain[DOWN]["keep_firing_for"]) == ("15m", "20m")
    assert (slow[DOWN]["for"], slow[DOWN]["keep_firing_for"]) == ("30m", "55m")
    assert plain[DOWN]["expr"] == slow[DOWN]["expr"]
    # 2 x 900 s + 120 s; then inventory, phase and visit of 120 s, 900 s and 120 s
    assert (time_to_live(("router",), SLOW), cold_round(("router",), SLOW)) == (32, 19)
    assert (keep_firing(("router",), SLOW), patience(("router",), SLOW)) == (55, 30)


def test_quick_looks_make_no_alert_hasty(folder: Path) -> None:
    """What a row waits for is the least; only the time beyond the condition shrinks."""
    (folder / "config.yml").write_text("intervals: {router: 60}\n", encoding="utf-8")
    quick = generated(folder, "--config.file", str(folder / "config.yml"))
    assert (quick[DOWN]["for"], quick[DOWN]["keep_firing_for"]) == ("15m", "10m")


@pytest.mark.real
@pytest.mark.timeout(180)
def test_the_tests_made_beside_such_rules_pass(require: Callable[..., None], folder: Path) -> None:
    """Whoever makes rules of their own can try them as ours are tried."""
    require("promtool")
    generated(folder, "--config.file", str(folder / "config.yml"))
    command = ["promtool", "test", "rules", f"{ISSUE}_test.yml"]
    result = subprocess.run(command, cwd=folder / "out" / "tests", capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


def test_links_to_dashboards_lead_somewhere_from_a_notification(folder: Path) -> None:
    """--dashboards sets the address of Grafana, slash or not; without it links are relative."""
    for address in ("https://grafana.example", "https://grafana.example/"):
        link = generated(folder, "--dashboards", address)[DOWN]["annotations"]["dashboard_url"]
        assert link == "https://grafana.example/d/csnet-tenants?var-zone={{ $labels.zone }}"
    assert generated(folder)[DOWN]["annotations"]["dashboard_url"].startswith("/d/csnet-tenants")


def test_conditions_written_by_hand_are_named_where_they_may_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rate over 15 minutes says little of what is asked each half hour; nobody changes it unasked."""
    (tmp_path / "config.yml").write_text("intervals: {host: 1800}\n", encoding="utf-8")
    assert generate.main(["--output", str(tmp_path), "--config.file", str(tmp_path / "config.yml")]) == 0
    said = capsys.readouterr().err
    assert "CloudStackNetNicBadFrames" in said
    assert DOWN not in said
    assert generate.main(["--output", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


def test_a_configuration_that_cannot_be_used_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its file and line, and nothing is written."""
    file = tmp_path / "config.yml"
    file.write_text("intervals:\n  router: often\n", encoding="utf-8")
    assert generate.main(["--output", str(tmp_path / "out"), "--config.file", str(file)]) == 2
    assert f"{file}: line 2: intervals.router: must be a number" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_committed_rules_are_for_the_defaults() -> None:
    """Those of the example configuration."""
    text = (Path(generate.HERE).parent / "config" / "exporter.example.yml").read_text(encoding="utf-8")
    assert Intervals.model_validate(yaml.safe_load(text)["intervals"]) == DEFAULTS
