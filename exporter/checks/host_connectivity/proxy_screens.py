"""Hosts whose screens a console proxy does not reach.

Symptom: consoles of machines on some hosts stay black, or say that the connection was lost; others work.
Detect:  from inside each console proxy, connections to the first screen port of hosts on which machines run, 256 at
         most; a refusal is good, because only the way is looked at. Judged at two looks.
Fix:     let the management network reach 5900-6100/tcp of the hosts; their firewalls first.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import ConsoleProxyTarget, HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import is_judged
from exporter.topology.system_vms import may_alarm

PER_PROXY = ("zone", "console_proxy")
OPEN_SCREENS = (
    "Let console proxies reach 5900-6100/tcp of the hosts that are named: firewall of the host, and between the"
    " management network and it."
)
LOOK_AT_PROXY = (
    "No host is reached: look at the proxy's private NIC, its VLAN and gateway. Destroy the proxy (destroySystemVm)"
    " when its addresses are wrong; CloudStack makes a new one."
)
HARMLESS = (Reach.ESTABLISHED, Reach.OPEN, Reach.REFUSED)
"""Whoever refuses has been reached: no machine has the first screen."""

CLOSED = Metric(
    "cloudstack_network_host_connectivity_console_proxy_hosts_unreachable",
    "Hosts on which machines run and whose first screen port the console proxy does not reach, of 256 at most.",
    labels=PER_PROXY,
    problem=above(0),
)
LEFT_OUT = Metric(
    "cloudstack_network_host_connectivity_console_proxy_hosts_not_dialled",
    "Hosts of the zone on which machines run and which the console proxy does not dial, because there are too many.",
    labels=PER_PROXY,
)
EACH = Metric(
    "cloudstack_network_host_connectivity_console_proxy_host_unreachable",
    "1 for a host whose first screen port the console proxy does not reach; only while it is so.",
    labels=(*PER_PROXY, "host"),
    subject="console_proxy",
)


def judge(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many hosts are not reached; those that CloudStack holds back, or has lost, are not counted.

    Nothing after one look at one that is not reached, unless another one is closed for certain. Where the proxy itself
    runs is no part of what is remembered: what it does not reach before and after it was moved is closed.
    """
    if not may_alarm(cloud, target.vm, answers.now):
        return
    found = answers[PROXY_REACH].screens
    hosts = {address: host for address in found if (host := _expected(target, address, cloud, answers.now))}
    if not hosts:
        return
    bad = {address: host for address, host in hosts.items() if found[address] not in HARMLESS}
    closed = sorted(
        (host.name, str(found[address]))
        for address, host in bad.items()
        if confirmed(answers, cloud, host.id, "screens", shown_by=(PROXY_REACH,))
    )
    if bad and not closed:
        return
    words = "; ".join(f"{name}: {reach}" for name, reach in closed[:4])
    rest = f", {target.left_out} are not dialled" if target.left_out else ""
    yield LEFT_OUT.sample(target.zone, target.name, value=target.left_out)
    yield CLOSED.sample(
        target.zone,
        target.name,
        value=len(closed),
        seen=f"{words}; {len(closed)} of {len(hosts)}{rest}",
        expected=f"all {len(hosts)} reached",
        remedy=LOOK_AT_PROXY if len(closed) == len(hosts) > 1 else OPEN_SCREENS,
    )
    for name, _ in closed[:ROWS_PER_TARGET]:
        yield EACH.sample(target.zone, target.name, name, value=1)


def _expected(target: ConsoleProxyTarget, address: str, cloud: Cloud, now: float) -> Host | None:
    """Return the host at an address when it should work by the present Cloud."""
    host = cloud.hosts_by_address.get((target.vm.zone_id, address))
    is_expected = host and host.state == "Up" and is_judged(HostTarget(host, target.zone, None), cloud, now)
    return host if is_expected else None


CHECK = Check(
    title="Screens that a console proxy reaches",
    metrics=(CLOSED, LEFT_OUT, EACH),
    remedies=(OPEN_SCREENS, LOOK_AT_PROXY),
    judges={ConsoleProxyTarget: judge},
    asks={ConsoleProxyTarget: (PROXY_REACH,)},
    reads=("listHosts",),
    judges_cloud=True,
)
