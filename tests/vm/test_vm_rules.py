"""The rules of the virtual hypervisor have the shape of those that CloudStack's own script made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.vm import rules
from tests.vm.scene import INITIAL, Guest, Plug, Scene

SAMPLES = Path(__file__).parents[1] / "samples/vm/security-groups"
SAMPLED = Scene(
    (
        Guest("s-1-VM", (Plug("vnet1", "1e:00:0a:00:00:11", "10.1.1.2"),), log=INITIAL),
        Guest("i-2-55-VM", (Plug("vnet12", "1e:00:b4:00:00:05", "10.1.1.55"),), log=INITIAL),
        Guest("i-2-56-VM", (Plug("vnet13", "1e:00:b4:00:00:06", "10.1.1.56"),), ("10.1.1.156", "10.1.1.157")),
        Guest("i-3-62-VM", (Plug("vnet16", "02:00:5c:3a:00:08", "10.12.34.62", 1234),)),
    )
)


def lines_about(text: str, subject: str) -> list[str]:
    """Return the rules that name a guest, without those that its user asked for, with the names of our bridges."""
    text = re.sub(r"physdev-out eth0 ", "physdev-out bond0 ", text).replace("cloudbr0", "cloudbr1")
    user = re.compile(r"^-A (\S+-VM(-eg)?) .*(NEW|icmp-type any)|-eg -j (RETURN|DROP)$")
    return [line for line in text.splitlines() if line.startswith("-A") and subject in line and not user.search(line)]


@pytest.mark.parametrize("guest", ["i-2-55-", "i-2-56-", "i-3-62-", "s-1-"])
@pytest.mark.parametrize(
    ("sample", "made"),
    [
        ("iptables-save", rules.filter_table(SAMPLED, 4)),
        ("ip6tables-save", rules.filter_table(SAMPLED, 6)),
        ("ebtables-save", rules.frames(SAMPLED)),
    ],
)
def test_rules_of_a_guest_are_those_of_the_script(sample: str, made: str, guest: str) -> None:
    """Every rule about a guest, in each table, is one that the script made, and none is missing."""
    known = lines_about((SAMPLES / f"healthy-{sample}.txt").read_text(), guest)
    assert sorted(lines_about(made, guest)) == sorted(known)


@pytest.mark.parametrize("family", [4, 6])
def test_framework_of_a_bridge_is_that_of_the_script(family: int) -> None:
    """FORWARD and the chain of each bridge are as the script made them, in its order for one bridge."""
    sample = (SAMPLES / f"healthy-{'iptables' if family == 4 else 'ip6tables'}-save.txt").read_text()
    for bridge in ("cloudbr1", "brbond0-1234"):
        wanted = (f"-A FORWARD -o {bridge} ", f"-A FORWARD -i {bridge} ", f"-A BF-{bridge} ")
        known, made = (
            [line for line in lines_about(text, bridge) if line.startswith(wanted)]
            for text in (sample, rules.filter_table(SAMPLED, family))
        )
        assert made == known


def test_rule_logs_are_those_of_the_script() -> None:
    """A log has six fields, a file of secondary addresses three."""
    sample = (SAMPLES / "healthy-run-cloud.txt").read_text()
    made = rules.logs(SAMPLED)
    assert made["/run/cloud/i-2-56-VM.ip"].strip() in sample
    assert made["/run/cloud/s-1-VM.log"].strip() in sample
    assert re.fullmatch(r"i-2-55-VM,55,10\.1\.1\.55,2,_initial_,-1\n", made["/run/cloud/i-2-55-VM.log"])
