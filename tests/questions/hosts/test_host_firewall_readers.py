"""Readers of the firewall of hypervisors: real outputs, broken ones, and garbage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.firewall import read_firewall, read_log
from exporter.questions.hosts.firewall_chains import Default, Rule, read_rule
from exporter.questions.hosts.firewall_ebtables import Permitted, mac, read_frame_rules
from exporter.questions.hosts.firewall_rules import read_rules
from tests.remote_texts import sample

ROOM = "questions/security_groups"
READERS: tuple[Callable[[str], Any], ...] = (read_rules, read_frame_rules, read_firewall)
KNOWN = """@@ version|iptables v1.8.9 (nf_tables)|@@ 4 nft|@@ 6 legacy|@@ 4 unread|@@ sets|@@ end|@@|*filter|COMMIT
:FORWARD ACCEPT [0:0]|:FORWARD|:i-2-55-def - [0:0]|:BF-cloudbr0 - [0:0]|-A FORWARD -j ACCEPT|-A|-A FORWARD -i
-A i-2-55-def -m physdev --physdev-in vnet12 -j i-2-55-VM-eg|-A FORWARD ! |-A FORWARD -m comment --comment "a
# Table `filter' is incompatible|create i-2-55-VM hash:ip|add i-2-55-VM 10.1.1.55|add x|Bridge table: nat
Bridge chain: PREROUTING, entries: 1, policy: ACCEPT|-i vnet12 -j i-2-55-VM-in|-s 1e:0:b4:0:0:6 -j RETURN
Bridge chain: i-2-55-VM-in-src, entries: 2, policy: RETURN|-s zz -j RETURN|-j DROP|tool ipset|tool rm|log
sysctl iptables 1|sysctl ip6tables -|sysctl iptables 7|log i-2-55-VM a,b,c,4,e,6|tracked count 7|tracked max -|tracked
@@ native|none|{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"chain": {"family": "ip"}}]}"""
LINES = st.lists(st.sampled_from(KNOWN.replace("\n", "|").split("|"))).map("\n".join)


def whole(ip4: str, *parts: str, version: str = "iptables v1.8.9 (nf_tables)") -> str:
    """Return an answer with these rules of IPv4 and further parts."""
    return "\n".join(["@@ version", version, "@@ 4 nft", ip4, *parts, "@@ end", ""])


@pytest.mark.parametrize("read", READERS)
@given(text=st.text() | LINES)
def test_garbage_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Whatever comes back, a reader returns a value or raises UnreadableError, never anything else."""
    try:
        read(text)
    except UnreadableError:
        return


@pytest.mark.parametrize("read", READERS)
def test_nothing_is_unreadable(read: Callable[[str], Any]) -> None:
    """Each text prints something on every host."""
    with pytest.raises(UnreadableError):
        read("")


def test_rules_as_security_group_py_wrote_them() -> None:
    """Chains of machines are cut down to what they lead to; those of bridges are kept."""
    rules = read_rules(whole(sample(ROOM, "healthy-iptables-save.txt")))
    (ruleset,) = rules.ip4
    assert (rules.flavour, rules.version, rules.ip6, rules.sets) == ("nft", "1.8.9", (), None)
    assert ruleset.is_ours
    assert ruleset.machines["i-2-55-VM"] == ruleset.machines["i-2-56-VM-eg"] == ("DROP",)
    assert ruleset.machines["i-2-55-VM-eg"] == ()
    assert ruleset.machines["i-2-57-VM-eg"] == ("RETURN",)
    assert ruleset.machines["i-2-70-VM"] == ("DROP", "DROP")
    assert ruleset.defaults["i-2-70-def", "vnet18"] == Default("i-2-70-VM-eg", "i-2-70-VM", "i-2-70-VM")
    assert [str(rule) for rule in ruleset.chains["FORWARD"][4:]] == [
        "-o cloudbr0 -j BF-cloudbr0",
        "-i cloudbr0 -j BF-cloudbr0",
        "-o cloudbr0 -j DROP",
        "-i cloudbr0 -j DROP",
    ]
    assert ruleset.chains["BF-cloudbr0"][0] == Rule("ACCEPT", takes_new=False)
    assert len(ruleset.chains["BF-cloudbr0-IN"]) == 6
    assert "i-2-55-VM" not in ruleset.chains


def test_equal_rules_of_both_families_are_kept_once() -> None:
    """A host with hundreds of machines would hold everything twice."""
    save = sample(ROOM, "healthy-iptables-save.txt")
    rules = read_rules(whole(save, "@@ 6 nft", sample(ROOM, "healthy-ip6tables-save.txt")))
    both = (rules.ip4[0].chains["BF-cloudbr0-IN"][0], rules.ip6[0].chains["BF-cloudbr0-IN"][0])
    assert both[0] is both[1]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("-j ACCEPT", Rule("ACCEPT")),
        ("", Rule("")),
        ("-i docker0 ! -o docker0 -j ACCEPT", Rule("ACCEPT", bridge_in="docker0", bridge_out="!docker0")),
        ("-m physdev ! --physdev-is-bridged -j DROP", Rule("DROP", is_bridged=False)),
        ("-m conntrack --ctstate NEW,RELATED -j ACCEPT", Rule("ACCEPT")),
        ("-m conntrack ! --ctstate NEW -j ACCEPT", Rule("ACCEPT", takes_new=False)),
        ("-p tcp -m tcp --dport 22 -j ACCEPT", Rule("ACCEPT", words="-p tcp -m tcp --dport 22")),
        ("! -s 10.0.0.0/8 -j DROP", Rule("DROP", words="! -s 10.0.0.0/8")),
        ("-j REJECT --reject-with icmp-port-unreachable", Rule("REJECT")),
        ("-g OTHER", Rule("OTHER")),
    ],
)
def test_rules_of_others(words: str, rule: Rule) -> None:
    """What docker, libvirt and firewalld write."""
    assert read_rule(words.split()) == rule


def test_rules_that_are_shown_to_people() -> None:
    """A rule reads as iptables-save prints it."""
    words = "-i docker0 ! -o docker0 -p tcp -j ACCEPT"
    assert str(read_rule(words.split())) == words


@pytest.mark.parametrize(
    "text",
    [
        whole("*filter\n:FORWARD ACCEPT [0:0]"),
        whole("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT"),
        whole("*filter\n-A GONE -j ACCEPT\nCOMMIT"),
        whole("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j\nCOMMIT"),
        whole("# Table `filter' is incompatible, use 'nft' tool."),
        whole("", version="sh: iptables: not found"),
        whole("", "@@ sets", "add gone 10.1.1.1"),
        whole("", "@@ more"),
        "@@ version\niptables v1.8.9 (nf_tables)\n@@ 4 nft\n*filter\nCOMMIT\n",
        "@@ version\niptables v1.8.9 (nf_tables)\n@@ end\n",
    ],
)
def test_rules_that_are_unreadable(text: str) -> None:
    """A table without an end, another table, a rule of no chain, rules of nft itself, no end."""
    with pytest.raises(UnreadableError):
        read_rules(text)


def test_flavours_and_tables_that_are_not_there() -> None:
    """A legacy table that the kernel does not have is printed as nothing; what cannot be shown is said."""
    rules = read_rules("@@ version\niptables v1.4.21\n@@ 4 legacy\n@@ 6 legacy\n@@ 4 unread\n@@ sets\n@@ end\n")
    assert (rules.flavour, rules.version, rules.unread) == ("legacy", "1.4.21", frozenset({4}))
    assert (rules.ip4[0].policy, rules.ip4[0].is_ours, rules.sets) == ("ACCEPT", False, {})


def test_frame_rules_in_both_spellings() -> None:
    """ebtables-legacy writes MACs without leading zeros and a blank at the end."""
    rules = read_frame_rules(sample(ROOM, "healthy-ebtables-legacy-L.txt"))
    assert rules.sent == {"vnet13": {"i-2-56-VM-in"}}
    assert rules.received == {"vnet13": {"i-2-56-VM-out"}}
    mac = Permitted(frozenset({"1e:00:b4:00:00:06"}), drops_others=True)
    addresses = Permitted(frozenset({"10.1.1.56", "10.1.1.156", "10.1.1.157"}), drops_others=True)
    assert rules.permitted == {
        "i-2-56-VM-in-src": mac,
        "i-2-56-VM-out-dst": mac,
        "i-2-56-VM-in-ips": addresses,
        "i-2-56-VM-out-ips": addresses,
    }
    assert rules.jumps == {
        "i-2-56-VM-in": {"i-2-56-VM-in-src", "i-2-56-VM-in-ips"},
        "i-2-56-VM-out": {"i-2-56-VM-out-dst", "i-2-56-VM-out-ips"},
    }
    nft = read_frame_rules(sample(ROOM, "healthy-ebtables-L.txt"))
    assert nft.sent["vnet12"] == {"i-2-55-VM-in"}
    assert nft.permitted["i-2-55-VM-out-dst"] == Permitted(frozenset({"1e:00:b4:00:00:05"}), drops_others=True)


@pytest.mark.parametrize(
    ("chain", "rules", "permitted"),
    [
        ("-in-ips", "-j RETURN|-j DROP", Permitted()),
        ("-in-ips", "-p ARP -j RETURN|-j DROP", Permitted()),
        ("-in-ips", "-p ARP --arp-ip-src ! 10.1.1.1 -j RETURN|-j DROP", Permitted()),
        ("-in-ips", "! -s 1e:0:b4:0:0:6 -j DROP|-p ARP -j DROP", Permitted(drops_others=True)),
        ("-in-ips", "-p ARP --arp-ip-src 10.0.0.0/8 -j ACCEPT", Permitted(frozenset({"10.0.0.0/8"}))),
        (
            "-in-src",
            "-s 2:0:0:0:0:0/ff:ff:0:0:0:0 -j RETURN",
            Permitted(frozenset({"02:00:00:00:00:00/ff:ff:0:0:0:0"})),
        ),
        ("-in-src", "-p ARP -j DROP", Permitted()),
        ("-out-dst", "-p ARP --arp-op Reply -j DROP", Permitted(drops_others=True)),
        ("-out-ips", "-p ARP --arp-op Reply -j DROP|-j CONTINUE", Permitted()),
        ("-out-ips", "", Permitted()),
    ],
)
def test_what_chains_of_addresses_let_pass(chain: str, rules: str, permitted: Permitted) -> None:
    """The first rule for every frame decides about all others; half a drop is none (constructed)."""
    lines = "\n".join(rules.split("|"))
    text = f"Bridge table: nat\n\nBridge chain: x{chain}, entries: 1, policy: ACCEPT\n{lines}\n"
    assert read_frame_rules(text).permitted == {f"x{chain}": permitted}


def test_rules_of_ebtables_that_are_never_reached() -> None:
    """Behind a rule that lets everything pass there might be nothing as well (constructed)."""
    text = """Bridge table: nat
        Bridge chain: PREROUTING, entries: 4, policy: ACCEPT
        -i vnet1 -j a-in
        -i vnet2 -j ACCEPT
        -i vnet2 -j b-in
        -i vnet1 -j c-in
        Bridge chain: POSTROUTING, entries: 2, policy: ACCEPT
        -j ACCEPT
        -o vnet1 -j a-out
        Bridge chain: a-in, entries: 4, policy: RETURN
        -j a-in-src
        -p IPv4 --ip-proto udp -j ACCEPT
        -p ARP -j a-in-ips
        -p ARP --arp-op Request -j ACCEPT
        -p ARP -j a-out
        Bridge chain: a-in-src, entries: 0, policy: RETURN
        Bridge chain: a-in-ips, entries: 0, policy: RETURN
        Bridge chain: a-out, entries: 0, policy: RETURN
    """
    rules = read_frame_rules(text)
    assert rules.sent == {"vnet1": {"a-in", "c-in"}}
    assert rules.received == {}
    assert rules.jumps == {"a-in": {"a-in-src", "a-in-ips"}, "a-out": frozenset()}


@given(parts=st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_a_mac_is_one_in_any_spelling(parts: list[int]) -> None:
    """With and without leading zeros, in either case."""
    long = ":".join(f"{part:02x}" for part in parts)
    assert mac(":".join(f"{part:X}" for part in parts)) == mac(long.upper()) == long


@pytest.mark.parametrize(
    "text",
    [
        "sysctl iptables 1|tracked count 1|tracked max 2",
        "sysctl iptables 2|sysctl ip6tables 1|tracked count 1|tracked max 2",
        "sysctl iptables 1|sysctl ip6tables 1|tracked count 1",
        "sysctl iptables 1|sysctl ip6tables 1|tracked count 1|tracked max -2",
        "sysctl iptables 1|sysctl ip6tables 1|tracked count ٣|tracked max 2",
        "sysctl iptables 1|sysctl ip6tables 1|tracked count 1|tracked max 2|tool rm",
        "sysctl iptables 1|sysctl ip6tables 1|tracked count 1|tracked max 2|hello",
    ],
)
def test_a_firewall_that_is_unreadable(text: str) -> None:
    """Without both sysctls or both numbers of connections, with other values and with words that are not ours."""
    with pytest.raises(UnreadableError):
        read_firewall(text.replace("|", "\n"))


def test_connections() -> None:
    """How many are tracked and can be; neither where the kernel tracks none."""
    begin = "sysctl iptables 1\nsysctl ip6tables 1\n"
    told = read_firewall(f"{begin}tracked count 235930\ntracked max 262144\n")
    assert (told.tracked, told.trackable) == (235930, 262144)
    told = read_firewall(f"{begin}tracked count -\ntracked max -\n")
    assert (told.tracked, told.trackable) == (None, None)


@given(line=st.text().filter(lambda text: "\n" not in text and len(text.rstrip().split(",")) != 6))
def test_a_log_is_six_fields(line: str) -> None:
    """Whatever else stands there is told by its number of fields alone."""
    log = read_log(line)
    assert (log.domain, log.sequence, log.signature) == (None, None, "")
    assert log.fields != 6
