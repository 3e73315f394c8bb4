"""An account that is not root, under a forced command: each refused question is one reason, the rest works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.clock import SystemClock
from exporter.cloud.objects import Host
from exporter.cloud.targets import HostTarget
from exporter.model import Failure, Reason
from exporter.privileges import authorized_keys
from exporter.sources.ssh import Mode, Ssh
from exporter.visits import host
from exporter.visits.ways import Ways
from tests.real_parts import require
from tests.remote_questions import made
from tests.ssh_bench import ACCOUNT, Bench, make_key, running

pytestmark = pytest.mark.real

WHO = made("who", "exec id -u\n")
RULES = made("rules", "exec iptables-save -t filter\n")
BRIDGE_RULES = made("bridge_rules", 'rules=$(ebtables-save) || { code=$?; echo "$rules"; exit "$code"; }\n')
SETS = made("sets", "exec ipset list\n")
FILE = made("file", 'read -r first <"$ROOT/etc/shadow" || exit\necho "$first"\n')
TOOL = made("tool", 'exec cat "$ROOT/etc/shadow"\n')
PROGRAM = made("program", 'exec "$ROOT/usr/local/lib/only-for-root"\n')
LINKS = made("links", "exec ip -o link show lo\n")
LACKING = made("lacking", "exec no-such-command-anywhere\n")
ALL = (WHO, RULES, BRIDGE_RULES, SETS, FILE, TOOL, PROGRAM, LINKS, LACKING)


@pytest.fixture
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A host with the wrapper, where our key belongs to an ordinary account."""
    require("iptables-save", "ebtables-save", "ipset")
    for bench_ in running(tmp_path_factory.mktemp("bench"), ALL):
        settings = bench_.settings(Mode.FORCED, user=ACCOUNT)
        line = authorized_keys(settings, "127.0.0.0/8", make_key(bench_.place / "key_ordinary"))
        bench_.host.write("home/collector/.ssh/authorized_keys", line)
        bench_.host.write("usr/local/lib/only-for-root", "#!/bin/sh\n", 0o700)
        yield bench_


async def test_each_refused_question_is_one_reason_and_the_rest_works(bench: Bench) -> None:
    """Whether a tool, a shell or the kernel refuses it, and whatever exit code that gives."""
    settings = bench.settings(Mode.FORCED, user=ACCOUNT, key_file=bench.place / "key_ordinary")
    ssh = Ssh(settings, SystemClock(), bench.script)
    known = Host(id="h", name="kvm1", type="Routing", state="Up", resource_state="Enabled", address="", zone_id="z")
    try:
        found = await host.visit(HostTarget(known, "zone", bench.machine), ALL, Ways(ssh=ssh), 60.0)
    finally:
        await ssh.close()
    assert found[WHO] == "4711\n"
    assert "LOOPBACK" in found[LINKS]
    refused = {question.name for question, one in found.items() if _reason(one) is Reason.PERMISSION}
    assert refused == {"rules", "bridge_rules", "sets", "file", "tool", "program"}
    assert _reason(found[LACKING]) is Reason.MISSING


def _reason(outcome: object) -> Reason | None:
    return outcome.reason if isinstance(outcome, Failure) else None
