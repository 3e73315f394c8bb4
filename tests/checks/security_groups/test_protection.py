"""Machines that are open or cut off: every broken state of the samples, against what traffic did in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.protection import judge
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES, read_rules
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.security_groups import guarded_host as scene

CLOUDBR0 = {"i-2-55-VM", "i-2-56-VM", "i-2-57-VM", "i-2-70-VM"}
BRBOND0 = {"i-3-61-VM", "i-3-62-VM", "i-2-70-VM"}
SYSTEM = {"r-4-VM", "s-1-VM"}
ALL = CLOUDBR0 | BRBOND0
ONE = {"i-2-56-VM"}
TRAFFIC: dict[str, tuple[set[str], set[str]]] = {
    "all-chains-gone": (ALL, set()),
    "bf-flushed": (set(), CLOUDBR0 | SYSTEM),
    "bf-jump-out-removed": (set(), set()),  # the jump of -i takes all bridged frames: traffic was as it should be
    "bf-jumps-both-removed": (set(), CLOUDBR0 | SYSTEM),
    "def-chain-flushed": (ONE, ONE),
    "ebtables-flushed": (set(), set()),
    "eg-chain-flushed": (ONE, set()),
    "forward-accept-above": (ALL, set()),
    "forward-flushed": (ALL, set()),
    "hook-in-removed": (ONE, set()),
    "hook-out-removed": (set(), ONE),
    "ip6-open": (ALL, set()),
    "ipset-entry-removed": (set(), {"i-2-55-VM"}),
    "rule-log-empty": (set(), set()),
    "rule-log-malformed": (set(), set()),
    "rule-log-missing": (set(), set()),
    "rule-log-old-seq": (set(), set()),
    "sysctl-off": (ALL, set()),
    "vm-chain-flushed": (set(), ONE),
}
"""Broken state -> the machines that it opens, and those that it cuts off."""


@pytest.mark.parametrize("state", TRAFFIC)
def test_every_broken_state(state: str) -> None:
    """What traffic did in a state is what the judge says of it."""
    opened, cut_off = TRAFFIC[state]
    found = scene.judged(judge, scene.broken(state))
    assert scene.rows(found, "machine_open").keys() == opened
    assert scene.rows(found, "machine_cut_off").keys() == cut_off
    assert scene.counts(found) == {
        "machines": 6,
        "machines_open": len(opened),
        "machines_cut_off": len(cut_off),
    }


HEALTHY = {
    "nft": scene.Texts(),
    "legacy": scene.Texts(version="iptables v1.8.9 (legacy)", ip4=scene.plain("healthy-iptables-legacy-save.txt")),
    "CentOS 7": scene.Texts(version="iptables v1.4.21"),
    "both flavours, the other one empty": scene.Texts(
        further="@@ 4 legacy\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n@@ 6 legacy\n"
    ),
}


@pytest.mark.parametrize("flavour", HEALTHY)
def test_healthy(flavour: str) -> None:
    """Two NICs, secondary addresses, system VMs and machines without rules yet are all as they should be."""
    found = scene.judged(judge, HEALTHY[flavour])
    assert scene.counts(found) == {"machines": 6, "machines_open": 0, "machines_cut_off": 0}


def test_a_flag_of_the_bridge_is_enough() -> None:
    """With the sysctl at 0, only the bridge without a flag of its own is open."""
    texts, links = scene.broken("bridge-flag-on-sysctl-off"), scene.flagged("cloudbr0", filters_ip=True)
    found = scene.judged(judge, texts, links=links)
    assert scene.rows(found, "machine_open").keys() == BRBOND0


def test_what_is_missing_is_said() -> None:
    """The words of a row name chain, tap and reason."""
    found = scene.judged(judge, scene.broken("eg-chain-flushed"))
    assert scene.rows(found, "machine_open") == {
        "i-2-56-VM": "IPv4 egress: i-2-56-VM-eg has no end, although rules were sent"
    }
    found = scene.judged(judge, scene.broken("forward-accept-above"))
    assert "IPv4 ingress: FORWARD accepts before: -j ACCEPT" in scene.rows(found, "machine_open")["i-2-55-VM"]
    found = scene.judged(judge, scene.broken("ip6-open"))
    assert "IPv6 egress: FORWARD has no jump to BF-cloudbr0" in scene.only(found, "machines_open").seen


def test_the_egress_chain_may_be_empty_until_rules_were_sent() -> None:
    """i-2-55-VM has none yet; when its log is not to be read, nobody can tell."""
    logs = scene.Texts().logs.replace("i-2-55-VM,55,10.1.1.55,3,_initial_,-1", "garbage")
    assert scene.counts(scene.judged(judge, scene.Texts(logs=logs)))["machines_open"] == 0
    logs = scene.Texts().logs.replace("55,10.1.1.55,3,_initial_,-1", "55,10.1.1.55,3,0123,4")
    assert scene.rows(scene.judged(judge, scene.Texts(logs=logs)), "machine_open").keys() == {"i-2-55-VM"}


def test_no_anti_spoofing() -> None:
    """Without the rule against foreign addresses the machine may use any."""
    rule = (
        "-A i-2-55-def -m physdev --physdev-in vnet12 --physdev-is-bridged -m set ! --match-set i-2-55-VM src -j DROP\n"
    )
    assert rule in scene.Texts().ip4
    found = scene.judged(judge, scene.Texts(ip4=scene.Texts().ip4.replace(rule, "")))
    assert scene.rows(found, "machine_open") == {"i-2-55-VM": "IPv4 egress: i-2-55-def lets vnet12 use any address"}


def test_a_wrong_uplink_keeps_machines_from_sending() -> None:
    """The script takes the first port for the uplink; when it is another one, nothing leaves the host."""
    ip4 = scene.Texts().ip4.replace("--physdev-out eth0 ", "--physdev-out tap9 ")
    found = scene.judged(judge, scene.Texts(ip4=ip4))
    assert scene.rows(found, "machine_cut_off").keys() == CLOUDBR0
    assert scene.counts(found)["machines_open"] == 0
    assert "nothing accepts what leaves cloudbr0 by eth0" in scene.rows(found, "machine_cut_off")["i-2-55-VM"]


def test_a_tap_that_still_leads_to_a_former_machine() -> None:
    """A number of a tap is given again: the rules of whoever had it before are not this machine's."""
    ip4 = scene.Texts().ip4.replace(
        "vnet13 --physdev-is-bridged -j i-2-56-def", "vnet13 --physdev-is-bridged -j i-9-9-def"
    )
    ip4 = ip4.replace(":i-2-56-def - [0:0]", ":i-2-56-def - [0:0]\n:i-9-9-def - [0:0]")
    found = scene.judged(judge, scene.Texts(ip4=ip4))
    assert "passes i-9-9-def, which is another machine's" in scene.rows(found, "machine_open")["i-2-56-VM"]


def test_rules_in_the_other_flavour_guard_as_well() -> None:
    """A frame passes the hooks of both flavours; rules in either one are in force."""
    empty = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
    healthy = scene.Texts()
    texts = scene.Texts(ip4=empty, ip6=empty, further=f"@@ 4 legacy\n{healthy.ip4}@@ 6 legacy\n{healthy.ip6}")
    assert scene.counts(scene.judged(judge, texts))["machines_open"] == 0
    assert scene.counts(scene.judged(judge, replace(texts, further="")))["machines_open"] == 6


def test_a_flavour_that_cannot_be_shown_leaves_it_unknown() -> None:
    """The kernel has legacy tables and there is no command to show them: nobody knows whether they guard."""
    found = scene.judged(judge, replace(scene.broken("forward-flushed"), further="@@ 4 unread\n"))
    assert scene.counts(found) == {"machines": 6}


def test_rules_that_cannot_be_followed_are_no_health() -> None:
    """Thousands of rules that each accept some frames: nobody walks through them for every machine."""
    texts = scene.Texts()
    some = "".join(f"-A FORWARD -s 198.51.{one // 256}.{one % 256}/32 -j ACCEPT\n" for one in range(5_000))
    tangled = replace(texts, ip4=texts.ip4.replace("-A FORWARD", f"{some}-A FORWARD", 1))
    assert scene.counts(scene.judged(judge, tangled)) == {"machines": 6}


def test_open_vswitch_passes_by_iptables() -> None:
    """Whatever the rules say, no frame of Open vSwitch ever comes to them."""
    known = scene.links()
    by_name = dict(known.by_name) | {"vnet12": replace(known.by_name["vnet12"], master="ovs-system")}
    found = scene.judged(judge, links=replace(known, by_name=by_name))
    assert scene.rows(found, "machine_open") == {
        "i-2-55-VM": "plugged into Open vSwitch, whose frames pass by iptables"
    }


def test_a_bridge_without_uplink() -> None:
    """The script leaves only the DROPs of IPv4 behind: IPv4 is dead, IPv6 is open."""
    part = scene.text("special-cases.txt").partition("=== bridge without uplink")[2].partition("===")[0]
    lines = [line for line in part.splitlines() if line.startswith((":", "-A "))]
    ip4, ip6 = ("\n".join(["*filter", ":FORWARD ACCEPT [0:0]", *told, "COMMIT", ""]) for told in (lines[:7], lines[7:]))
    known, nouplink = scene.links(), scene.links().by_name["cloudbr0"]
    by_name = dict(known.by_name) | {"brnouplink": replace(nouplink, name="brnouplink")}
    by_name["vnet12"] = replace(by_name["vnet12"], master="brnouplink")
    links = replace(known, by_name=by_name, ports={"brnouplink": ("vnet12",)})
    texts = scene.Texts(ip4=ip4, ip6=ip6)
    found = scene.judged(judge, texts, links=links, seen_by=scene.cloud(scene.machines(["i-2-55-VM"])))
    assert scene.rows(found, "machine_cut_off")["i-2-55-VM"].startswith("IPv4 egress: BF-brnouplink-IN has no jump")
    assert "IPv6" in scene.rows(found, "machine_open")["i-2-55-VM"]
    assert "IPv4" not in scene.rows(found, "machine_open")["i-2-55-VM"]


def test_a_bridge_that_takes_over_the_name_of_another() -> None:
    """breth1 found BF-breth1-50 and got no jumps of its own: what is plugged there is open (from the sample)."""
    part = scene.text("special-cases.txt").partition("=== name clash")[2].partition("===")[0]
    lines = [line for line in part.splitlines() if line.startswith((":", "-A "))]
    chains = [":i-2-91-def - [0:0]", ":i-2-90-def - [0:0]"]
    ip4 = "\n".join(["*filter", ":FORWARD ACCEPT [0:0]", *chains, *lines, "COMMIT", ""])
    known = scene.links()
    by_name = dict(known.by_name) | {"breth1": replace(known.by_name["cloudbr0"], name="breth1")}
    by_name["vnet12"] = replace(by_name["vnet12"], master="breth1")
    found = scene.judged(
        judge,
        scene.Texts(ip4=ip4),
        links=replace(known, by_name=by_name, ports={"breth1": ("eth1", "vnet12")}),
        seen_by=scene.cloud(scene.machines(["i-2-55-VM"])),
    )
    assert "FORWARD has no jump to BF-breth1" in scene.rows(found, "machine_open")["i-2-55-VM"]


@pytest.mark.parametrize(("family", "key", "own"), [("IPv4", "ip4", "i-2-55-VM"), ("IPv6", "ip6", "i-2-55-VM-6")])
def test_the_set_of_another_machine_binds_nobody(family: str, key: str, own: str) -> None:
    """The rule against false addresses is there, and lets the machine use those of its neighbour."""
    texts = scene.Texts()
    text = getattr(texts, key).replace(
        f"set ! --match-set {own} src -j DROP", "set ! --match-set i-2-56-VM src -j DROP"
    )
    assert text != getattr(texts, key)
    found = scene.judged(judge, replace(texts, **{key: text}))
    words = f"{family} egress: i-2-55-def lets vnet12 use the addresses of i-2-56-VM"
    assert scene.rows(found, "machine_open") == {"i-2-55-VM": words}


def test_machines_that_are_not_judged() -> None:
    """Paused, starting, migrating, elsewhere, imported with another name, or in a network without the service."""
    flushed = scene.broken("forward-flushed")
    (one,) = scene.machines(["i-2-55-VM"])
    for placed, fields in (
        (one, {"domains": scene.domains(i_2_55_VM="paused")}),
        (one, {"domains": scene.domains(i_2_55_VM="gone")}),
        (replace(one, state="Migrating"), {}),
        (replace(one, state="Starting"), {}),
        (replace(one, name="imported"), {"domains": {"imported": scene.domains()["i-2-55-VM"]}}),
        (replace(one, nics=(replace(one.nics[0], network_id="gone"),)), {}),
    ):
        found = scene.judged(judge, flushed, seen_by=scene.cloud((placed,)), **fields)
        assert scene.counts(found) == {"machines": 0, "machines_open": 0, "machines_cut_off": 0}
    plain = {"flat": scene.network("flat", services={})}
    found = scene.judged(judge, flushed, seen_by=scene.cloud((one,), networks=plain))
    assert scene.counts(found)["machines_open"] == 0


def test_one_look_is_not_enough() -> None:
    """A machine gets its rules seconds after it has started."""
    found = scene.judged(judge, scene.broken("forward-flushed"), looks=1)
    assert scene.counts(found) == {"machines": 6, "machines_open": 0, "machines_cut_off": 0}


def test_without_ipset_the_sets_are_unknown() -> None:
    """The tools check says that it is missing; nothing is said about addresses."""
    known = scene.values()
    rules = read_rules(scene.Texts().rules.replace("@@ sets\n", "@@ end\n@@ sets\n").partition("@@ sets")[0])
    assert rules.sets is None
    assert known[FIREWALL_RULES].sets is not None


def test_rows_are_bounded_and_the_count_is_not() -> None:
    """Fifty open machines are counted, the worst of them shown."""
    (one,) = scene.machines(["i-2-55-VM"])
    (interface,) = scene.domains()["i-2-55-VM"].interfaces
    names = [f"i-2-{100 + number}-VM" for number in range(50)]
    placed = tuple(replace(one, id=name, name=name) for name in names)
    domains = {name: replace(scene.domains()["i-2-55-VM"], name=name, interfaces=(interface,)) for name in names}
    found = scene.judged(judge, scene.broken("sysctl-off"), domains=domains, seen_by=scene.cloud(placed))
    assert scene.counts(found)["machines_open"] == 50
    assert len(scene.rows(found, "machine_open")) == ROWS_PER_TARGET
