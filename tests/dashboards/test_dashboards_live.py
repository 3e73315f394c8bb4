"""Debian's Prometheus with all rules scrapes the demo; every panel and every annotation is asked of it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PENDING = {
    "CloudStackNetConsoleCertificateInvalid",
    "CloudStackNetConsoleCertificateExpiresNow",
    "CloudStackNetConsoleCertificateExpiresSoon",
    "CloudStackNetPasswordServiceDown",
    "CloudStackNetMetadataRewriteMissing",
    "CloudStackNetTemplateImageFlawed",
}
"""What the faults of the demo bring about, as soon as everything was looked at."""
BUSY = {
    "CloudStackNetEventLoopSlow",
    "CloudStackNetExporterAbsent",
    "CloudStackNetExporterDown",
    "CloudStackNetVisitsStalled",
}
"""About the machine that runs the tests: it may be too busy for a scrape each two seconds."""
EMPTY = {
    "Accepted by configuration": "the demo accepts nothing",
    "Agents lost within an hour": "lines only of hosts that lose theirs",
    "Nicira NVP controllers": "the demo has none",
    "Nicira NVP devices": "the demo has none",
    "Other states than Up": "rows only while there are some",
    "Addresses with a foreign MAC": "rows only while there are some",
    "Failed ports by name": "rows only while there are some",
    "Failing VLANs by number": "rows only while there are some",
    "VLAN devices of no network": "rows only while there are some",
    "MACs on two hosts": "rows only while there are some",
    "Machines that are cut off": "rows only while there are some",
    "Machines that are open": "rows only while there are some",
    "Machines with other faults": "rows only while there are some",
    "What machines get": "rules_behind is said when two rounds of the database lie minutes apart",
    "Hosts": "released_vlans is said after several rounds of the database",
    "Messages by kind": "lines only of kinds that occur",
    "Errors of no known kind": "lines only of classes that occur",
    "One-way VLANs by number": "rows only while there are some",
    "Silent VLANs by number": "rows only while there are some",
    "Wrong tags by machine": "rows only while there are some",
    "Machines open over time": "lines only while machines stand open",
    "Uplinks": "storage uplinks are told only where storage has uplinks of its own",
    "Traffic labels": "storage labels are told only where storage has addresses of its own",
    "Failing checks": "rows only while a check fails",
    "Firewalls beside iptables": "hosts of the demo have none",
    "Machines with foreign data by name": "rows only while there are some",
    "Machines without data by name": "rows only while there are some",
    "System VMs and their templates": "names of the templates of the demo hold no version",
    "Errors by meaning": "lines only of errors that occur",
    "Not ready by name": "rows only while there are some",
    "Places of imports": "rows only while templates are not ready",
    "Unknown directories by name": "rows only while there are some",
    "Each secondary storage VM": "the demo has addresses for names, and no internal sites",
    "Neighbours by name": "rows only while there are some",
    "Stores by name": "rows only while there are some",
    "Screens by host": "rows only while there are some",
    "Programs killed for want of memory": "lines only of machines that kill",
    "Targets that do not answer": "all of them answer",
    "Unanswered questions": "only reasons that occur are drawn",
    "Failed API requests": "only reasons that occur are drawn",
    "Waiting the longest": "rows only past the limit",
    "Firing alerts": "nothing has been wrong for long enough",
    "Series": "the lines of series cut off and samples refused are there only when there are some",
}
"""Panels of which a query may be empty while all is well, and why."""


def _require(*binaries: str) -> None:
    spec = importlib.util.spec_from_file_location("real_parts", ROOT / "tests" / "real_parts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.require(*binaries)


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def _query(url: str, expr: str, *, instant: bool = True) -> list[Any]:
    now = time.time()  # noqa: TID251 - Prometheus wants unix time
    words = {"query": expr} if instant else {"query": expr, "start": now - 60, "end": now, "step": 5}
    kind = "query" if instant else "query_range"
    answer = _get(f"{url}/api/v1/{kind}?{urllib.parse.urlencode(words)}")
    assert answer["status"] == "success"
    found: list[Any] = answer["data"]["result"]
    return found


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.5)


def _config(folder: Path, target: str) -> Path:
    path = folder / "prometheus.yml"
    path.write_text(
        f"global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}}\n"
        f"rule_files: ['{ROOT}/alerts/*.rules.yml']\n"
        f"scrape_configs: [{{job_name: demo, static_configs: [{{targets: ['{target}']}}]}}]\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """Run the demo and return its address; it logs no error, nor does its lab."""
    log = tmp_path / "demo.log"
    start = "import sys; from exporter.cli import main; sys.exit(main())"
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", start, "demo", "--listen-address", "127.0.0.1:0",
            stdout=subprocess.PIPE, stderr=written,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = b""
        while b"metrics" not in said:
            said = await asyncio.wait_for(process.stdout.readline(), 30)
            assert said, "the demo has ended"
        found = re.search(rb"http://([\d.:]+)/metrics", said)
        assert found
        yield found[1].decode()
        assert "level=error" not in log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def prometheus(demo: str, tmp_path: Path) -> AsyncIterator[str]:
    """Run Prometheus over the demo and return its address."""
    _require("prometheus")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        "prometheus", f"--config.file={_config(tmp_path, demo)}", f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


def _told(url: str) -> set[str]:
    return {one["metric"]["alertname"] for one in _query(url, 'ALERTS{alertname=~"CloudStackNet.+"}')}


def _watch(url: str) -> Callable[[], bool]:
    """Return what says whether everything is judged by now, and each alert of PENDING was once on its way."""
    told: set[str] = set()

    def has_seen_all() -> bool:
        try:
            told.update(_told(url))
            blind = _query(url, 'sum(cloudstack_network_issue_objects{verdict="unknown"}) == 0')
        except OSError:
            return False
        return bool(blind) and told >= PENDING

    return has_seen_all


async def _unanswered(url: str, boards: Any, seconds: float) -> dict[str, list[str]]:
    """Return the queries, by title, that must have an answer and had none: a busy machine misses a scrape or two."""
    every = [(title, target["instant"], expr) for board in boards for title, target, expr in board.expressions]
    no_checks = {panel["title"] for board in boards for panel in board.panels
                 if panel["fieldConfig"]["defaults"]["noValue"] == "no checks yet"}  # fmt: skip
    may_be = EMPTY.keys() | no_checks | {"Last hours"}
    for title, instant, expr in every:
        if title in may_be:
            _query(url, expr, instant=instant)
    wait = [one for one in every if one[0] not in may_be]
    deadline = time.monotonic() + seconds
    while (wait := [one for one in wait if not _query(url, one[2], instant=one[1])]) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    return {title: [expr for other, _, expr in wait if other == title] for title, _, _ in wait}


@pytest.mark.real
@pytest.mark.timeout(240)
async def test_every_panel_is_answered(prometheus: str, boards: Any) -> None:
    """No query fails; none is empty but those that must be; rules are healthy; the demo's faults are on their way."""
    await _until(_watch(prometheus), 150)
    assert await _unanswered(prometheus, boards, 60) == {}
    for board in boards:
        for mark in board.data["annotations"]["list"]:
            _query(prometheus, mark["expr"].replace("$job", ".+"), instant=False)
    rules = [rule for group in _get(f"{prometheus}/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    assert _told(prometheus) - BUSY <= PENDING | {"CloudStackNetWatchdog"}
