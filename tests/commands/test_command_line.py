"""The command line as a user types it, against the lab."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import yaml

from exporter.commands.check import _look_again
from exporter.commands.run import ended
from exporter.lab.lab import Lab
from exporter.lab.options import Options
from tests.watching import watching

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(Options(remembers=True)) as running:
        yield running


async def command(*words: str) -> tuple[int, str, str]:
    """Run the command line and return exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exporter", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


def api_alone(lab: Lab, folder: Path, **sections: object) -> str:
    """Return the path of a configuration with URL and keys alone."""
    path = folder / "alone.yml"
    config = {"cloudstack": lab.config["cloudstack"], "console": {"enabled": False}, **sections}
    path.write_text(yaml.safe_dump(config))
    return str(path)


async def test_check_of_a_healthy_cloud_is_clean(lab: Lab) -> None:
    """Exit code 0, and the report says what was looked at."""
    code, out, error = await command("check", "--config.file", str(lab.config_file))
    assert (code, "PROBLEMS" in out, "COULD NOT CHECK" in out) == (0, False, False), out
    assert "0 problems" in out
    assert "reading the inventory" in error


async def test_check_tells_problems_with_remedies_and_looks_twice(lab: Lab) -> None:
    """Exit code 1; a difference between CloudStack and reality is looked at twice, and progress is shown."""
    await lab.set("metadata_instance_missing", on=True)
    try:
        code, out, error = await command("check", "--config.file", str(lab.config_file), "--issue", "user_metadata")
    finally:
        await lab.set("metadata_instance_missing", on=False)
    assert code == 1, out
    assert "PROBLEMS (1)" in out
    assert "remedy    1. " in out
    assert "evidence  cloudstack_network_user_metadata_instances_incomplete{" in out
    assert "second look" in error


async def test_check_of_one_target_visits_only_that(lab: Lab) -> None:
    """One machine, one visit."""
    before = len(lab.seen.ssh)
    code, out, _ = await command("check", "--config.file", str(lab.config_file), "--target", "r-4-VM")
    assert code == 0, out
    assert {len(lab.seen.ssh) - before} <= {1, 2}


async def test_check_of_an_unknown_target_names_near_ones(lab: Lab) -> None:
    """A typo is no clean result."""
    code, _, error = await command("check", "--config.file", str(lab.config_file), "--target", "r-4-MV")
    assert code == 2
    assert "r-4-VM" in error


async def test_check_of_what_no_check_is_about_is_not_clean(lab: Lab) -> None:
    """A machine about which an issue says nothing: exit code 2, and it says so."""
    words = ("--target", "s-3-VM", "--issue", "password_reset")
    code, out, error = await command("check", "--config.file", str(lab.config_file), *words)
    assert (code, out) == (2, "")
    assert "nothing of password_reset is checked about s-3-VM" in error


async def test_check_of_an_issue_of_which_nothing_is_configured_is_not_clean(lab: Lab, tmp_path: Path) -> None:
    """No SSH, so no host was seen: exit code 2, and the last line says that nothing was looked at."""
    words = ("--issue", "open_vswitch")
    code, out, _ = await command("check", "--config.file", api_alone(lab, tmp_path), *words)
    assert code == 2, out
    assert "set ssh in the configuration" in out
    assert out.splitlines()[-1] == "Nothing was checked: no object of open_vswitch has a verdict."


async def test_check_of_an_issue_that_the_api_tells_a_part_of_is_clean(lab: Lab, tmp_path: Path) -> None:
    """What has a verdict was looked at; what needs another way is listed."""
    words = ("--issue", "user_metadata")
    code, out, _ = await command("check", "--config.file", api_alone(lab, tmp_path), *words)
    assert code == 0, out
    assert "Nothing was checked" not in out
    assert "NOT CONFIGURED" in out


async def test_check_that_cannot_look_says_so(lab: Lab) -> None:
    """Exit code 2 when nothing is wrong but not all could be checked, and when the API is away."""
    await lab.set("router_unreachable", on=True)
    code, out, _ = await command("check", "--config.file", str(lab.config_file), "--issue", "password_reset")
    await lab.set("router_unreachable", on=False)
    assert code == 2, out
    assert "COULD NOT CHECK" in out
    await lab.set("api_down", on=True)
    code, out, error = await command("check", "--config.file", str(lab.config_file))
    await lab.set("api_down", on=False)
    assert (code, out) == (2, "")
    assert "CloudStack cannot be read: refused" in error


async def test_check_of_one_target_tells_what_the_api_withheld(lab: Lab) -> None:
    """A command that is not allowed leaves every target half unchecked: no clean result."""
    await lab.set("api_forbids_routers", on=True)
    code, out, _ = await command("check", "--config.file", str(lab.config_file), "--target", "v-1-VM")
    await lab.set("api_forbids_routers", on=False)
    assert code == 2, out
    assert "API command listRouters: permission" in out


async def test_a_second_look_without_a_new_inventory_is_none() -> None:
    """What was seen once stays open, so ``check`` does not end as clean."""
    async with watching(remembers=True) as watch:
        await watch.lab.set("metadata_instance_missing", on=True)
        await watch.look()
        entries = list(watch.app.engine.schedule.entries.values())
        await watch.lab.set("api_refuses", on=True)
        assert not await _look_again(watch.app, entries)
        await watch.lab.set("api_refuses", on=False)
        assert await _look_again(watch.app, entries)
        assert watch.problems()


async def test_url_and_keys_alone_judge_what_the_api_tells(lab: Lab, tmp_path: Path) -> None:
    """The rest is not configured, names its setting, and is no failure."""
    code, out, _ = await command("check", "--config.file", api_alone(lab, tmp_path))
    assert code == 0, out
    assert "NOT CONFIGURED" in out
    assert "set ssh in the configuration" in out
    assert "set console.enabled in the configuration" in out
    await lab.set("router_stopped", on=True)
    code, out, _ = await command("check", "--config.file", api_alone(lab, tmp_path))
    await lab.set("router_stopped", on=False)
    assert code == 1, out


async def test_an_accepted_finding_leaves_the_exit_code(lab: Lab, tmp_path: Path) -> None:
    """It is shown as accepted; one past its date is a problem again and the entry is reported."""
    await lab.set("router_requires_upgrade", on=True)
    codes = []
    for until in ("2100-01-01", "2020-01-01"):
        metric = "cloudstack_network_user_metadata_router_requires_upgrade"
        accept = [{"metric": metric, "matchers": ['zone=~".+"'], "reason": "next week", "until": until}]
        code, out, _ = await command("check", "--config.file", api_alone(lab, tmp_path, accept=accept))
        codes.append((code, "ACCEPTED" in out, "past its date" in out))
    await lab.set("router_requires_upgrade", on=False)
    assert codes == [(0, True, False), (1, False, True)]


async def test_the_daemon_serves_and_ends_on_sigterm(lab: Lab) -> None:
    """Health at once, readiness after the first verdict, metrics and findings, exit code 0."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exporter", "--config.file", str(lab.config_file), "--web.listen-address", "127.0.0.1:0",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    address = line.split("listening on ")[1].strip().strip('"')
    async with aiohttp.ClientSession(address) as session:
        async with session.get("/-/healthy") as answer:
            assert answer.status == 200
        async with asyncio.timeout(60):
            while (await session.get("/-/ready")).status != 200:
                await asyncio.sleep(0.2)
        async with session.get("/findings.json") as answer:
            assert len(json.loads(await answer.text())["tiles"]) == 10
        async with session.get("/metrics") as answer:
            assert "cloudstack_network_exporter_build_info" in await answer.text()
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0


async def test_a_hangup_neither_ends_the_daemon_nor_reads_the_configuration(lab: Lab) -> None:
    """Nobody can reload it yet: one line says what to do, and what is served goes on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exporter", "--config.file", str(lab.config_file), "--web.listen-address", "127.0.0.1:0",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"intervals.host: each " not in (line := await process.stderr.readline()):  # the lab's is too short
            assert line
        for _ in range(2):
            process.send_signal(signal.SIGHUP)
            while b"SIGHUP" not in (line := await process.stderr.readline()):
                assert line
            assert b"level=warning" in line
            assert b"restart" in line
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0


async def test_an_engine_that_ends_by_itself_ends_the_daemon_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A supervisor starts anew only what did not end well."""

    async def defect() -> None:
        raise ValueError

    assert await ended(asyncio.Event(), asyncio.create_task(defect())) == 1
    assert [record.getMessage() for record in caplog.records] == ["the engine stopped"]


async def test_the_signal_to_stop_ends_the_daemon_well() -> None:
    """While its engine runs."""
    stop = asyncio.Event()
    stop.set()
    engine = asyncio.create_task(asyncio.Event().wait())
    assert await ended(stop, engine) == 0
    engine.cancel()


async def test_config_check_online_logs_in_everywhere(lab: Lab) -> None:
    """Each backend is named; a refused one makes the exit code 1."""
    code, out, _ = await command("config-check", "--online", "--config.file", str(lab.config_file))
    assert code == 0, out
    assert "ok    cloudstack" in out
    assert out.count("ok    ssh host") >= 3
    await lab.set("wrapper_old", on=True)
    code, out, _ = await command("config-check", "--online", "--config.file", str(lab.config_file))
    await lab.set("wrapper_old", on=False)
    assert code == 1, out
    assert "FAIL  ssh host" in out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--version",), 0, "cloudstack-network-exporter "),
        (("metrics",), 0, "cloudstack_network_console_proxy_reachable{zone,console_proxy}"),
        (("privileges", "api"), 0, "rule='*' permission=deny"),
        (("privileges", "ssh"), 0, "NOPASSWD"),
        (("privileges", "wrapper"), 0, "#!/bin/sh"),
        (("privileges", "database"), 0, "GRANT SELECT ON `cloud`.`networks` TO 'exporter'@'EXPORTER_ADDRESS';"),
    ],
)
async def test_what_needs_no_configuration(words: tuple[str, ...], code: int, part: str) -> None:
    """These print and end."""
    found, out, _ = await command(*words)
    assert found == code
    assert part in out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        ((), 1, "--config.file is missing"),
        (("check",), 2, "--config.file is missing"),
        (("check", "--config.file", "no-such.yml"), 2, "cannot be read"),
        (("nonsense",), 2, "invalid choice"),
        (("privileges", "hosts"), 2, "needs --config.file"),
    ],
)
async def test_wrong_usage_says_what_is_missing(words: tuple[str, ...], code: int, part: str) -> None:
    """A clear line, no traceback."""
    found, _, error = await command(*words)
    assert (found, "Traceback" in error) == (code, False)
    assert part in error


async def test_privileges_hosts_is_input_for_ssh_keyscan(lab: Lab) -> None:
    """One address a line."""
    code, out, _ = await command("privileges", "hosts", "--config.file", str(lab.config_file))
    assert code == 0
    assert len(out.splitlines()) >= 3
