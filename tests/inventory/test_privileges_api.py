"""The API role is exactly what a refresh sends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from exporter.inventory.privileges import ALLOWED, ROLE_RULES, role_text
from exporter.inventory.refresh import refresh
from exporter.lab.api.server import ASKED
from tests.clocks import HandClock
from tests.inventory.small_cloud import rows
from tests.signed_api import lab_api


async def test_role_allows_exactly_what_the_api_saw() -> None:
    """A refresh of a cloud with one of everything sends every allowed command and no other."""
    clock = HandClock()
    async with lab_api(rows, None, clock) as (api, app):
        await refresh(api, clock, 1, 600.0)
        assert set(app[ASKED]) == set(ALLOWED)


def test_last_rule_denies_everything_else() -> None:
    """Without it CloudStack lets Admin roles do what no rule names."""
    assert ROLE_RULES[-1] == ("*", "deny")
    assert [rule for rule, _ in ROLE_RULES[:-1]] == list(ALLOWED)
    assert {permission for _, permission in ROLE_RULES[:-1]} == {"allow"}


def test_no_rule_changes_anything() -> None:
    """Only list commands, each by its full name."""
    assert all(command.startswith("list") and command.isalpha() for command in ALLOWED)


def test_role_text_runs_and_calls_cloudmonkey_in_order(tmp_path: Path) -> None:
    """The printed script makes the role, its rules in order, the account and the keys, with ids passed on."""
    log = tmp_path / "log"
    stub = f"""#!/bin/sh
printf '%s\\n' "$*" >>{log}
case $* in
    *'create role name'*) echo role-1 ;;
    *account*) echo user-1 ;;
esac
"""
    for name, text in (("cmk", stub), ("jq", "#!/bin/sh\ncat\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-eu"], input=role_text(), text=True, capture_output=True, env={"PATH": path}, check=True
    )
    assert not done.stderr
    calls = log.read_text().splitlines()
    assert calls[0].startswith("-o json create role name=cloudstack-network-exporter type=Admin")
    made = [call.split(" description=")[0] for call in calls[1:-2]]
    assert made == [
        f"create rolepermission roleid=role-1 rule={rule} permission={permission}" for rule, permission in ROLE_RULES
    ]
    assert "create account" in calls[-2]
    assert "roleid=role-1" in calls[-2]
    assert calls[-1] == "register userkeys id=user-1"
