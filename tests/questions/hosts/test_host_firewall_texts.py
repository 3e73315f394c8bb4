"""The texts about the firewall of hypervisors, run by the shells that hosts have."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from exporter.questions.hosts.firewall import FIREWALL, HostFirewall, RuleLog
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES, read_rules
from tests.remote_texts import Machine, sample, shells

ROOM = "questions/security_groups"
NFT, LEGACY = "iptables v1.8.9 (nf_tables)", "iptables v1.8.9 (legacy)"
EMPTY = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def host(tmp_path: Path) -> Machine:
    """Return a host with the rules of the sample, in nft."""
    machine = Machine.at(tmp_path)
    machine.tool("iptables", "-V", NFT)
    machine.tool("iptables-save", "-t filter", sample(ROOM, "healthy-iptables-save.txt"))
    machine.tool("ip6tables-save", "-t filter", sample(ROOM, "healthy-ip6tables-save.txt"))
    saved = sample(ROOM, "healthy-ipset-save.txt")
    machine.tool("nft", "-j list chains", sample(ROOM, "nft-list-chains.txt"))
    machine.tool("ipset", "save", f"create fail2ban hash:ip family inet\nadd fail2ban 192.0.2.7\n{saved}")
    for name in ("nf_tables", "ip_set"):
        machine.file(f"/sys/module/{name}/refcnt")
    machine.file("/proc/modules", "nf_tables 1 0 - Live 0x0\n")
    return machine


def only(machine: Machine) -> str:
    """Return a PATH that has the machine's own tools and what the texts need besides."""
    bin_ = machine.tools.parent / "bin"
    if not bin_.exists():
        bin_.mkdir()
        for name in ("awk", "cat", *shells()):
            (bin_ / name).symlink_to(shutil.which(name) or "")
    return str(bin_)


def test_rules_are_cut_down_without_loss(host: Machine, shell: str) -> None:
    """What stays on the host decides nothing: the reader finds the same in the whole output."""
    code, output = host.ask(FIREWALL_RULES, shell=shell)
    assert code == 0, output
    saved = sample(ROOM, "healthy-iptables-save.txt"), sample(ROOM, "healthy-ip6tables-save.txt")
    complete = read_rules(f"@@ version\n{NFT}\n@@ 4 nft\n{saved[0]}\n@@ 6 nft\n{saved[1]}\n@@ end\n")
    found = FIREWALL_RULES.read(output)
    assert (found.ip4, found.ip6) == (complete.ip4, complete.ip6)
    assert found.sets is not None
    assert found.sets["i-2-56-VM"] == ("10.1.1.157", "10.1.1.56", "10.1.1.156")
    assert found.sets["i-2-57-VM-6"] == ("2001:db8:1::57", "fe80::1c00:b4ff:fe00:7")
    assert "fail2ban" not in output
    assert "--dport 22" not in output
    assert len(output.partition("@@ native")[0]) < 0.5 * sum(map(len, saved))


def test_legacy_tables_are_looked_at_when_the_kernel_has_them(host: Machine, shell: str) -> None:
    """The other flavour's rules are in force too; a table that is not there is not asked for, which would load it."""
    host.tool("iptables-legacy-save", "-t filter", EMPTY)
    assert len(host.read(FIREWALL_RULES, shell=shell).ip4) == 1
    host.file("/proc/net/ip_tables_names", "nat\nfilter\n")
    host.file("/proc/net/ip6_tables_names", "nat\n")
    found = host.read(FIREWALL_RULES, shell=shell)
    assert [one.flavour for one in found.ip4] == ["nft", "legacy"]
    assert [one.flavour for one in found.ip6] == ["nft"]


def test_legacy_tables_that_no_command_shows(host: Machine, shell: str) -> None:
    """Where iptables-legacy-save is not installed it is said, not hidden."""
    host.file("/proc/net/ip_tables_names", "filter\n")
    host.tool("iptables", "-V", NFT)
    code, output = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 0, output
    assert FIREWALL_RULES.read(output).unread == {4}


def test_a_host_with_legacy_commands(host: Machine, shell: str) -> None:
    """Only tables that are in the kernel are read, and nft's own ones besides."""
    host.tool("iptables", "-V", LEGACY)
    code, output = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 0, output
    assert [one.is_ours for one in FIREWALL_RULES.read(output).ip4] == [False]
    host.file("/proc/net/ip_tables_names", "filter\n")
    host.tool("iptables-nft-save", "-t filter", EMPTY)
    code, output = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 0, output
    found = FIREWALL_RULES.read(output)
    assert [(one.flavour, one.is_ours) for one in found.ip4] == [("legacy", True), ("nft", False)]
    assert found.flavour == "legacy"


def test_without_ipset_and_ip6tables(host: Machine, shell: str) -> None:
    """The rest is told; that they are missing is another question's answer."""
    (host.tools / "ipset").unlink()
    (host.tools / "ip6tables-save").unlink()
    code, output = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 0, output
    found = FIREWALL_RULES.read(output)
    assert (found.sets, found.ip6, found.ip4[0].is_ours) == (None, (), True)


def test_without_iptables(host: Machine, shell: str) -> None:
    """Nothing can be told."""
    (host.tools / "iptables").unlink()
    code, _ = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 127


def test_chains_of_nft(host: Machine, shell: str) -> None:
    """Told where nft is there and may list them; without, or refused, all the rest is told."""
    found = host.read(FIREWALL_RULES, shell=shell)
    assert [str(one) for one in found.native if one.drops] == ["inet filter forward", "bridge guard through"]
    host.file_tool("nft", "echo 'Operation not permitted (you must be root)' >&2; exit 1")
    refused = host.read(FIREWALL_RULES, shell=shell)
    assert (refused.native, refused.ip4, refused.sets) == (None, found.ip4, found.sets)
    (host.tools / "nft").unlink()
    code, output = host.ask(FIREWALL_RULES, shell=shell, path=only(host))
    assert code == 0, output
    assert (FIREWALL_RULES.read(output).native, FIREWALL_RULES.read(output).ip4) == (None, found.ip4)


def test_chains_of_nft_where_the_kernel_has_none(host: Machine, shell: str) -> None:
    """With legacy commands nobody else has loaded the module, and nft would load it."""
    host.tool("iptables", "-V", LEGACY)
    assert len(host.read(FIREWALL_RULES, shell=shell).native) == 4
    (host.root / "sys/module/nf_tables/refcnt").unlink()
    (host.root / "sys/module/nf_tables").rmdir()
    host.file_tool("nft", "echo must not be run; exit 1")
    assert host.read(FIREWALL_RULES, shell=shell).native == ()


def test_the_shell_itself_becomes_nft(host: Machine) -> None:
    """So it costs no process: the shell that asks the others is the parent of none while nft runs."""
    host.file_tool("iptables-save", f"echo $PPID >{host.root}/asked\nprintf '*filter\\nCOMMIT\\n'")
    host.file_tool("nft", f"echo $$ >{host.root}/became\necho '{{}}'")
    host.read(FIREWALL_RULES)
    assert (host.root / "asked").read_text() == (host.root / "became").read_text()


@pytest.mark.parametrize("tool", ["iptables-save", "ip6tables-save", "ipset"])
def test_a_tool_that_is_refused(host: Machine, shell: str, tool: str) -> None:
    """The question fails, and its last line says why."""
    host.file_tool(tool, "echo 'Permission denied (you must be root)' >&2; exit 4")
    code, output = host.ask(FIREWALL_RULES, shell=shell)
    assert code != 0
    assert output.splitlines()[-1] == "Permission denied (you must be root)"


def test_a_kernel_without_ipv6(host: Machine, shell: str) -> None:
    """With ipv6.disable=1 ip6tables-save fails; IPv4 is told all the same. Constructed after iptables 1.8.9."""
    host.file_tool("ip6tables-save", "echo 'ip6tables-save: Could not fetch rule set generation id' >&2; exit 1")
    host.file("/proc/sys/net/ipv4/ip_forward", "1\n")
    found = host.read(FIREWALL_RULES, shell=shell)
    assert (len(found.ip4), found.ip6, found.unread) == (1, (), frozenset())
    host.file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1\n")
    code, output = host.ask(FIREWALL_RULES, shell=shell)
    assert code != 0
    assert output.splitlines()[-1] == "ip6tables-save: Could not fetch rule set generation id"


def test_few_processes(host: Machine) -> None:
    """One each for both families, sets and chains, however many machines there are; none for what no module has."""
    trace = host.root.parent / "trace"
    for name in ("iptables", "iptables-save", "ip6tables-save", "ipset", "nft"):
        tool = host.tools / name
        tool.write_text(
            tool.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\necho {name} >>{shlex.quote(str(trace))}\n")
        )
    host.read(FIREWALL_RULES)
    assert trace.read_text().split() == ["iptables", "iptables-save", "ip6tables-save", "ipset", "nft"]
    trace.unlink()
    (host.root / "sys/module/ip_set/refcnt").unlink()
    (host.root / "sys/module/ip_set").rmdir()
    assert host.read(FIREWALL_RULES).sets == {}
    assert "ipset" not in trace.read_text()


def test_ebtables(host: Machine, shell: str) -> None:
    """One process; none where the kernel has no such table; a reason where the program is missing."""
    host.tool("ebtables", "-t nat -L", sample(ROOM, "healthy-ebtables-legacy-L.txt"))
    assert host.read(FRAME_RULES, shell=shell).sent == {"vnet13": {"i-2-56-VM-in"}}
    (host.tools / "ebtables").unlink()
    assert host.ask(FRAME_RULES, shell=shell, path=only(host))[0] == 127
    host.file_tool("ebtables", "echo must not be run; exit 1")
    (host.root / "sys/module/nf_tables/refcnt").unlink()
    (host.root / "sys/module/nf_tables").rmdir()
    assert host.read(FRAME_RULES, shell=shell).sent == {}


def test_sysctls_tools_and_logs(host: Machine, shell: str) -> None:
    """All by the shell itself; a missing end of line and an empty file are read."""
    host.file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n")
    host.file("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0\n")
    host.file("/proc/sys/net/netfilter/nf_conntrack_count", "4242\n")
    host.file("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n")
    for name, text in (
        ("i-2-55-VM", "i-2-55-VM,55,10.1.1.55,3,_initial_,-1\nmore\n"),
        ("i-2-56-VM", "i-2-56-VM,56,10.1.1.56,4,9b0c,7"),
        ("i-2-57-VM", ""),
    ):
        host.file(f"/var/run/cloud/{name}.log", text)
    host.file("/var/run/cloud/i-2-56-VM.ip", "i-2-56-VM,10.1.1.156;,56")
    code, output = host.ask(FIREWALL, shell=shell, path=only(host))
    assert code == 0, output
    assert FIREWALL.read(output) == HostFirewall(
        filters_ip=True,
        filters_ip6=False,
        tools=frozenset({"iptables", "ipset"}),
        tracked=4242,
        trackable=262144,
        logs={
            "i-2-55-VM": RuleLog(fields=6, domain=3, signature="_initial_", sequence=-1),
            "i-2-56-VM": RuleLog(fields=6, domain=4, signature="9b0c", sequence=7),
            "i-2-57-VM": RuleLog(fields=0),
        },
    )


def test_a_host_that_has_just_booted(host: Machine, shell: str) -> None:
    """No module, no directory of logs."""
    code, output = host.ask(FIREWALL, shell=shell, path=only(host))
    assert code == 0, output
    assert FIREWALL.read(output) == HostFirewall(tools=frozenset({"iptables", "ipset"}))
