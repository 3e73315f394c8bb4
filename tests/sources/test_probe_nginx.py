"""Debian's nginx with certificates of every kind: what the probe reads and what the judge then says."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.checks.console_proxy import certificate as certificate_check
from exporter.checks.console_proxy import certificate_names
from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import ConsoleAddress
from exporter.cloud.objects import SystemVm
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answer, Answers
from exporter.questions.system_vms.console import CONSOLE_CERTIFICATE, CONSOLE_TLS, PAGE
from exporter.sources.probe import Probe, ProbeSettings
from tests.real_parts import require
from tests.sources.certificate_maker import NOW, authority, leaf

NAME = "203-0-113-7.console.example"
ROOT = authority("Test Root")
BETWEEN = authority("Test Intermediate", ROOT)
OLD_BETWEEN = authority("Old Intermediate", ROOT, days=-1)
STRANGER = authority("Unknown Root")
KINDS = {
    "wildcard": (leaf(BETWEEN, "*.console.example"), BETWEEN),
    "listed": (leaf(BETWEEN, "203-0-113-6.console.example", NAME), BETWEEN),
    "expired": (leaf(BETWEEN, "*.console.example", end=-2), BETWEEN),
    "future": (leaf(BETWEEN, "*.console.example", start=3), BETWEEN),
    "wrong name": (leaf(BETWEEN, "www.example"), BETWEEN),
    "deep wildcard": (leaf(BETWEEN, "*.example"), BETWEEN),
    "common name only": (leaf(BETWEEN, common_name="*.console.example"), BETWEEN),
    "incomplete": (leaf(BETWEEN, "*.console.example"),),
    "self-signed": (leaf(None, "*.console.example"),),
    "stranger": (leaf(STRANGER, "*.console.example"), STRANGER),
    "old intermediate": (leaf(OLD_BETWEEN, "*.console.example"), OLD_BETWEEN),
}
VERDICTS = {  # valid, chain, name
    "wildcard": (1, 1, 1),
    "listed": (1, 1, 1),
    "expired": (0, 1, 1),
    "future": (0, 1, 1),
    "wrong name": (0, 1, 0),
    "deep wildcard": (0, 1, 0),
    "common name only": (0, 1, 0),
    "incomplete": (0, 0, 1),
    "self-signed": (0, 0, 1),
    "stranger": (0, 0, 1),
    "old intermediate": (0, 0, 1),
}

pytestmark = pytest.mark.real


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[dict[str, int]]:
    """Run one nginx with a port per kind of certificate."""
    require("nginx")
    with_ports: dict[str, int] = {}
    blocks = []
    for kind, (certificate, *chain) in KINDS.items():
        chain_file, key_file = certificate.write(tmp_path, kind.replace(" ", "_"), *chain)
        with_ports[kind] = _free_port()
        blocks.append(
            f"server {{ listen 127.0.0.1:{with_ports[kind]} ssl; ssl_certificate {chain_file}; "
            f'ssl_certificate_key {key_file}; location = {PAGE} {{ default_type text/html; return 200 "<html>"; }} }}'
        )
    config = tmp_path / "nginx.conf"
    folders = "".join(f"{name}_temp_path {tmp_path};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr; events {{}}"
        f"http {{ access_log off; {folders} {' '.join(blocks)} }}"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin")
    assert program is not None
    async with AsyncExitStack() as stack:
        server = await asyncio.create_subprocess_exec(
            program, "-c", str(config), "-e", "stderr", stderr=asyncio.subprocess.DEVNULL
        )
        stack.push_async_callback(server.wait)
        stack.callback(server.terminate)
        async with asyncio.timeout(10):
            while not await _listens(with_ports["wildcard"]):
                await asyncio.sleep(0.02)
        yield with_ports


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.mark.parametrize("kind", KINDS)
async def test_each_certificate_gets_its_verdict(ports: dict[str, int], tmp_path: Path, kind: str) -> None:
    """The page is read over each; valid, chain and name are told apart, with the dates of the leaf itself."""
    probe = Probe(ProbeSettings(ca_file=ROOT.write(tmp_path, "root")[0], connect_seconds=5))
    seen = await probe.tls("127.0.0.1", ports[kind], NAME)
    assert (await probe.http("127.0.0.1", ports[kind], NAME, PAGE, tls=True)).status == 200

    vm = SystemVm(id="1", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z")
    console = ConsoleAddress(NAME, tls=True, rule="wildcard", domain="console.example", address="203.0.113.7")
    target = ConsoleEndpoint(vm, "east", console)
    brought = {question: question.read(seen) for question in (CONSOLE_TLS, CONSOLE_CERTIFICATE)}
    now = NOW.timestamp()
    answers = Answers(now=now, values={question: Answer(value, 0, now, 9) for question, value in brought.items()})
    said = {
        sample.metric.name.rpartition("certificate_")[2]: sample
        for judge in (certificate_check.judge, certificate_names.judge)
        for sample in judge(target, answers, Cloud())
    }
    assert (said["valid"].value, said["chain_ok"].value, said["name_ok"].value) == VERDICTS[kind]
    certificate = KINDS[kind][0].certificate
    assert said["not_after_timestamp_seconds"].value == certificate.not_valid_after_utc.timestamp()
    assert bool(said["valid"].seen) is (VERDICTS[kind][0] == 0)
