"""The firewall of routers: recorded rules, the traps of their forms, and real tools in a namespace."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exporter.model import UnreadableError
from exporter.questions.routers.firewall import ROUTER_FIREWALL, RouterFirewall, read_firewall
from tests.real_parts import require, require_root
from tests.remote_texts import PATH, Machine, sample

RULE = "-A INPUT -s 10.1.1.0/24 -i eth0 -p tcp -m tcp --dport 8080 -m state --state NEW -j ACCEPT\n"
HEAD = ":INPUT DROP [0:0]\n-A INPUT -i eth0 -m state --state RELATED,ESTABLISHED -j ACCEPT\n"
NFT = sample("router", "nft-ruleset.routed")


def firewall(rules: str) -> RouterFirewall:
    return read_firewall(HEAD + rules)


def lets_in(rules: str, device: str = "eth0", address: str = "10.1.1.1", port: int = 8080) -> bool:
    return firewall(rules).admits(device, address, "tcp", port)


def filter_table() -> str:
    """Return the recorded filter table."""
    tables = sample("router", "iptables-save")
    start = tables.index("*filter")
    return tables[start : tables.index("COMMIT", start)] + "COMMIT\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with the recorded tables of an isolated router."""
    machine = Machine.at(tmp_path)
    machine.tool("iptables-save", "-t filter", filter_table())
    machine.tool("nft", "list ruleset", "")
    return machine


def test_the_rules_of_a_real_router(machine: Machine) -> None:
    """Guests reach 8080, 80, 443 and 53, but not ssh; the control interface reaches ssh, but not 8080."""
    found = machine.read(ROUTER_FIREWALL)
    assert not found.accepts
    for port in (8080, 80, 443, 53):
        assert found.admits("eth0", "10.1.1.1", "tcp", port)
    assert found.admits("eth0", "10.1.1.1", "udp", 67)
    assert not found.admits("eth0", "10.1.1.1", "tcp", 3922)
    assert found.admits("eth1", "169.254.3.93", "tcp", 3922)
    assert not found.admits("eth1", "169.254.3.93", "tcp", 8080)
    assert not found.admits("eth2", "203.0.113.10", "tcp", 8080)


def test_a_lost_rule_is_not_hidden_by_the_one_for_port_80(machine: Machine) -> None:
    """80 is no prefix of 8080, nor the other way round."""
    kept = [line for line in filter_table().splitlines() if "--dport 8080" not in line]
    machine.tool("iptables-save", "-t filter", "\n".join(kept))
    found = machine.read(ROUTER_FIREWALL)
    assert not found.admits("eth0", "10.1.1.1", "tcp", 8080)
    assert found.admits("eth0", "10.1.1.1", "tcp", 80)


def test_routed_mode_has_its_rules_in_nftables(machine: Machine) -> None:
    """iptables is empty then; the recorded nftables chain says the same."""
    machine.tool("iptables-save", "-t filter", "")
    machine.tool("nft", "list ruleset", NFT)
    found = machine.read(ROUTER_FIREWALL)
    assert not found.accepts
    assert found.admits("eth0", "10.1.1.1", "tcp", 8080)
    assert not found.admits("eth0", "10.1.2.1", "tcp", 8080)
    assert not found.admits("eth2", "10.1.1.1", "tcp", 8080)
    machine.tool("nft", "list ruleset", "\n".join(line for line in NFT.splitlines() if "8080" not in line))
    assert not machine.read(ROUTER_FIREWALL).admits("eth0", "10.1.1.1", "tcp", 8080)


def test_only_the_input_chain_of_cloudstacks_tables_counts(machine: Machine) -> None:
    """A rule in another chain or table lets nobody in."""
    machine.tool("iptables-save", "-t filter", ":INPUT ACCEPT [0:0]")
    rule = 'iifname "eth0" tcp dport 8080 accept'
    other = f"table ip other {{\n chain INPUT {{\n {rule}\n }}\n}}\n"
    empty = " chain INPUT {\n  type filter hook input priority filter; policy drop;\n }\n"
    forward = f"table ip ip4_acl {{\n chain FORWARD {{\n {rule}\n }}\n{empty}}}\n"
    machine.tool("nft", "list ruleset", other + forward)
    assert machine.read(ROUTER_FIREWALL) == RouterFirewall(accepts=False)


def test_no_firewall_at_all_lets_everybody_in(machine: Machine) -> None:
    """Empty tables are open, not closed; what they are missing is not this question."""
    machine.tool("iptables-save", "-t filter", "")
    assert machine.read(ROUTER_FIREWALL).admits("eth0", "10.1.1.1", "tcp", 8080)
    machine.tool("iptables-save", "-t filter", ":INPUT ACCEPT [0:0]")
    assert machine.read(ROUTER_FIREWALL).admits("eth0", "10.1.1.1", "tcp", 8080)


def test_missing_and_forbidden_tools_are_told_apart(machine: Machine) -> None:
    """No tool is 127, the reason missing; a tool that may not look is its own error."""
    machine.file_tool("iptables-save", 'echo "Permission denied (you must be root)" >&2; exit 4\n')
    code, output = machine.ask(ROUTER_FIREWALL)
    assert code == 4
    assert "Permission denied" in output
    (machine.tools / "iptables-save").unlink()
    (machine.tools / "nft").unlink()
    assert machine.ask(ROUTER_FIREWALL, path="/usr/bin:/bin")[0] == 127
    machine.file_tool("iptables-save", "exit 0\n")
    machine.file_tool("nft", 'echo "Operation not permitted" >&2; exit 1\n')
    assert machine.ask(ROUTER_FIREWALL, path="/usr/bin:/bin")[0] == 1


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        RULE.replace("-s 10.1.1.0/24 ", ""),
        RULE.replace("-m state --state NEW", "-m conntrack --ctstate NEW,ESTABLISHED"),
        RULE.replace("-m state --state NEW ", ""),
        RULE.replace("--dport 8080", "-m multiport --dports 80,8080"),
        RULE.replace("--dport 8080", "--dport 8000:8100"),
        RULE.replace("-i eth0", "-d 10.1.1.1/32 -i eth0"),
        RULE.replace("-j ACCEPT", '-m comment --comment "two words" -j ACCEPT'),
        "-A INPUT -p tcp -j ACCEPT\n",
        "-A INPUT -j NETWORK_STATS\n" + RULE,
        "-A INPUT ! -i eth1 -p tcp -j DROP\n" + RULE,
    ],
)
def test_rules_that_let_guests_in(rule: str) -> None:
    """The forms of all eras, with and without source, destination, state and comment."""
    assert lets_in(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        RULE.replace("--dport 8080", "--dport 80"),
        RULE.replace("--dport 8080", "--dport 18080"),
        RULE.replace("eth0", "eth3"),
        RULE.replace("-p tcp -m tcp", "-p udp -m udp"),
        RULE.replace("10.1.1.0/24", "10.1.2.0/24"),
        RULE.replace("--state NEW", "--state RELATED,ESTABLISHED"),
        RULE.replace("-j ACCEPT", "-j DROP"),
        RULE.replace("-j ACCEPT", "-j LOG"),
        RULE.replace("-i eth0", "! -i eth0"),
        RULE.replace("-i eth0", "-d 10.1.9.1/32 -i eth0"),
        "-A INPUT -i eth0 -p tcp -m tcp --dport 8080 -j REJECT --reject-with icmp-port-unreachable\n" + RULE,
    ],
)
def test_rules_that_do_not(rule: str) -> None:
    """Another port, device, protocol, source, destination, state or action lets no guest in."""
    assert not lets_in(rule)


def test_sets_of_ports_in_nftables() -> None:
    """nft writes several ports in braces."""
    line = 'iifname "eth0" tcp dport { 53, 8080 } accept'
    found = read_firewall(f"type filter hook input priority 0; policy drop;\n{line}\n")
    assert found.admits("eth0", "10.1.1.1", "tcp", 8080)
    assert not found.admits("eth0", "10.1.1.1", "tcp", 80)


@pytest.mark.parametrize(
    "text",
    ["-A INPUT -j ACCEPT", HEAD + "-A INPUT -s nowhere -j ACCEPT", HEAD + "-A INPUT --dport x -j DROP", "none\nnone"],
)
def test_rules_that_are_unreadable(text: str) -> None:
    """A chain without policy and words in the place of numbers are unreadable."""
    with pytest.raises(UnreadableError):
        read_firewall(text)


IN_A_NAMESPACE = ("unshare", "-n", "sh", "-c")


@pytest.mark.real
def test_the_real_iptables(tmp_path: Path) -> None:
    """Rules set with the real iptables in a namespace are read back, for guests and against them."""
    require_root("only root makes network namespaces")
    require("iptables", "iptables-save", "unshare")
    machine = Machine.at(tmp_path)
    setup = (
        "iptables -P INPUT DROP && iptables -A INPUT -s 10.1.1.0/24 -i eth0 -p tcp -m tcp --dport 8080 "
        '-m state --state NEW -j ACCEPT && exec "$@"'
    )
    found = machine.read(ROUTER_FIREWALL, before=(*IN_A_NAMESPACE, setup, "setup"))
    assert found.admits("eth0", "10.1.1.1", "tcp", 8080)
    assert not found.admits("eth0", "10.1.1.1", "tcp", 80)


@pytest.mark.real
def test_the_real_nft(tmp_path: Path) -> None:
    """The recorded rules of routed mode, loaded into the real nft, are read back."""
    require_root("only root makes network namespaces")
    require("nft", "iptables-save", "unshare")
    machine = Machine.at(tmp_path)
    rules = machine.file("rules.nft", NFT)
    found = machine.read(ROUTER_FIREWALL, before=(*IN_A_NAMESPACE, f'nft -f {rules} && exec "$@"', "setup"))
    assert not found.accepts
    assert found.admits("eth0", "10.1.1.1", "tcp", 8080)


@pytest.mark.real
def test_the_real_tools_as_nobody(tmp_path: Path) -> None:
    """Without privilege the real iptables-save ends with an error, not with an empty firewall."""
    require_root("only root changes to another account")
    require("iptables-save", "setpriv")
    tmp_path.chmod(0o755)
    machine = Machine.at(tmp_path)
    allowed = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", "iptables-save -t filter"],
        env={"PATH": PATH},
        capture_output=True,
        check=False,
    )
    assert allowed.returncode not in (0, 126, 127)
    assert machine.ask(ROUTER_FIREWALL, before=("setpriv", "--reuid=65534", "--clear-groups"))[0] == allowed.returncode
