"""System VMs made from a template that is too old for CloudStack.

Symptom: after an upgrade a system VM runs and lacks what CloudStack asks of it.
Detect:  the version in the name of its template (listSystemVms) against the setting minreq.sysvmtemplate.version.
         Routers tell by requiresupgrade, which the issue user_metadata judges.
Fix:     register the template of this release, then destroy the system VM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.versions import numbers
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above

NAMED = re.compile(r"(?<![\d.])(\d{1,2}\.\d{1,3}(?:\.\d{1,3}){0,2})(?![\d.])", re.ASCII)
"""A version in a template's name: systemvm-kvm-4.20.0-x86_64, systemvm64template-4.5-kvm."""
RENEW = (
    "Register the system VM template of this release (see its upgrade notes), then destroy the system VM; CloudStack"
    " makes a new one from it."
)
TOO_OLD = Metric(
    "cloudstack_network_host_connectivity_system_vm_template_too_old",
    "Whether the template's name holds a version below minreq.sysvmtemplate.version; not said where it holds none.",
    labels=("zone", "system_vm"),
    problem=above(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield the verdict on each running system VM whose template's name tells its version."""
    wanted = (cloud.setting("minreq.sysvmtemplate.version", group.id) or "").strip()
    least = numbers(wanted)
    for vm in sorted(cloud.system_vms.values(), key=lambda vm: vm.name):
        version = template_version(vm.template_name)
        if vm.zone_id == group.id and vm.is_running and least and version:
            yield TOO_OLD.sample(
                group.zone,
                vm.name,
                value=int(_padded(version) < _padded(least)),
                seen=f"made from {vm.template_name[:80]}",
                expected=f"{wanted} and newer",
            )


def template_version(name: str) -> tuple[int, ...]:
    """Return the version that a system VM template's name holds; empty where it holds none, or is another's."""
    found = NAMED.search(name) if "systemvm" in name.lower().replace(" ", "") else None
    return numbers(found[1]) if found else ()


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    """Return four numbers at least: 4.5 is 4.5.0.0."""
    return version + (0,) * (4 - len(version))


CHECK = Check(
    title="Templates of system VMs",
    metrics=(TOO_OLD,),
    remedies=(RENEW,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms", "listConfigurations"),
)
