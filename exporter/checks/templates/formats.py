"""Templates in a format that the hypervisor they are registered for cannot start.

Symptom: the template is ready, and no machine of it ever starts; or its import ends with a mismatch of formats.
Detect:  listTemplates: the format of a template against its hypervisor, where the zone has that hypervisor.
Fix:     register it again with hypervisor and format as they are, after qemu-img convert where needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.storage import Template
from exporter.cloud.wanted import ANY, hypervisors
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.topology.zones import is_zone_judged

FORMATS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "kvm": frozenset({"QCOW2", "RAW", "VHD", "VHDX", "VMDK"}),
        "xenserver": frozenset({"VHD"}),
        "vmware": frozenset({"OVA"}),
        "hyperv": frozenset({"VHD", "VHDX"}),
    }
)
"""Hypervisor -> formats that it can start; of others nothing is said."""
ISO = "ISO"
CONVERT = (
    "Look at the file with qemu-img info, convert it (qemu-img convert), and register the template again with the"
    " format that its hypervisor takes; delete this one."
)

IMPOSSIBLE = Metric(
    "cloudstack_network_templates_format_impossible",
    "Templates of the zone in a format that their hypervisor cannot start, from listTemplates.",
    labels=("zone",),
    problem=above(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Count the templates whose format does not fit; those of hypervisors that the zone lacks harm nobody in it."""
    if not is_zone_judged(cloud, group.id):
        return
    here = hypervisors(cloud, group.id)
    bad = [one for one in cloud.templates_of(group.id).values() if not _fits(one, here)]
    seen = "; ".join(f"{one.name}: {one.format} for {one.hypervisor}" for one in bad[:3])
    yield IMPOSSIBLE.sample(group.zone, value=len(bad), seen=seen, expected=_expected(bad))


def _fits(template: Template, here: frozenset[str]) -> bool:
    """Return whether the template can be started, or nothing can be said of it."""
    hypervisor = template.hypervisor.casefold()
    possible = {hypervisor} & here if hypervisor not in ANY else here
    if not template.format or template.format.upper() == ISO or not possible or not possible <= FORMATS.keys():
        return True
    return any(template.format.upper() in FORMATS[one] for one in possible)


def _expected(bad: Iterable[Template]) -> str:
    """Return which formats the hypervisors of these templates take."""
    words = sorted({one.hypervisor for one in bad if one.hypervisor.casefold() in FORMATS})
    return "; ".join(f"{word}: {', '.join(sorted(FORMATS[word.casefold()]))}" for word in words)


CHECK = Check(
    title="Formats of templates",
    metrics=(IMPOSSIBLE,),
    remedies=(CONVERT,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listTemplates", "listClusters"),
)
