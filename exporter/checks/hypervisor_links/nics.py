"""The NICs that carry something: what they are, and what they count.

Counters are rated by the alerts: flaps, damaged frames, broadcast and multicast.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.wires import counter, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples
from exporter.questions.hosts.links import LINKS, Link
from exporter.questions.hosts.nic_counters import NIC_COUNTERS, NicCounters
from exporter.questions.hosts.nics import NICS
from exporter.topology.hosts import is_judged, names

INFO = gauge(
    "nic_info",
    "Driver and firmware of a NIC in use, by ethtool and sysfs; always 1.",
    *("nic", "driver", "driver_version", "firmware", "bus", "pci_id"),
)
CARRIER = gauge("nic_carrier", "Whether a NIC in use is switched on and has a link, by ip link.", "nic")
SPEED = gauge("nic_speed_bits_per_second", "Negotiated speed of a NIC in use, by sysfs.", "nic")
CHANGES = counter("nic_carrier_changes_total", "How often the link of a NIC in use went or came, by sysfs.", "nic")
CRC = counter(
    "nic_crc_errors_total", "Frames that arrived damaged at a NIC in use, by its kernel and driver counters.", "nic"
)
SYMBOL = counter("nic_symbol_errors_total", "Symbol errors on the wire of a NIC in use, by its driver.", "nic")
FRAMES = counter("nic_received_frames_total", "Frames that a NIC in use received, by ip link.", "nic")
BROADCASTS = counter("nic_received_broadcasts_total", "Broadcasts that a NIC in use received, by its driver.", "nic")
MULTICASTS = counter("nic_received_multicasts_total", "Multicasts that a NIC in use received, by ip link.", "nic")
UNASKED = gauge(
    "nics_without_counters",
    "NICs in use whose driver counters are not asked, as ethtool is missing or a visit makes six calls (OVS: three).",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield what each NIC in use is and counts; of hosts that are held back no counters, since they may alarm."""
    host, links = names(target, cloud), answers.get(LINKS)
    counts = is_judged(target, cloud, answers.now)
    for fact in (answers.get(NICS) or {}).values():
        what = (fact.driver, fact.driver_version, fact.firmware, fact.bus, fact.pci_id)
        yield INFO.sample(*host, fact.name, *what, value=1)
    yield UNASKED.sample(*host, value=sum(not nic.is_asked for nic in answers[NIC_COUNTERS].values()))
    for nic in answers[NIC_COUNTERS].values():
        if nic.speed is not None:
            yield SPEED.sample(*host, nic.name, value=nic.speed * 1_000_000)
        link = links.by_name.get(nic.name) if links else None
        if link:
            yield CARRIER.sample(*host, nic.name, value=int(link.has_carrier))
        if counts:
            yield from _counters(host, nic, link)


def _counters(host: tuple[str, str, str], nic: NicCounters, link: Link | None) -> Samples:
    label = (*host, nic.name)
    if nic.carrier_changes is not None:
        yield CHANGES.sample(*label, value=nic.carrier_changes)
    if link:  # without the kernel's count the greater of the two would go back, and look like thousands when it returns
        yield CRC.sample(*label, value=max(link.counters.rx_crc_errors, _most(nic, "crc", "fcs") or 0))
    symbol = _most(nic, "symbol")
    if symbol is not None:
        yield SYMBOL.sample(*label, value=symbol)
    broadcasts = _most(nic, "rx_broadcast", "rx_bcast")
    if broadcasts is not None:
        yield BROADCASTS.sample(*label, value=broadcasts)
    if link:
        yield FRAMES.sample(*label, value=link.counters.rx_packets)
        yield MULTICASTS.sample(*label, value=link.counters.rx_multicast)


def _most(nic: NicCounters, *words: str) -> int | None:
    """Return the greatest driver counter with one of the words: drivers tell one thing under several names."""
    found = [value for name, value in nic.errors.items() if any(word in name.lower() for word in words)]
    return max(found, default=None)


CHECK = Check(
    title="NICs in use",
    metrics=(INFO, CARRIER, SPEED, CHANGES, CRC, SYMBOL, FRAMES, BROADCASTS, MULTICASTS, UNASKED),
    judges={HostTarget: judge},
    asks={HostTarget: (NIC_COUNTERS,)},
    uses={HostTarget: (NICS, LINKS)},
)
