"""What templates there are: where each comes from, and what it says of itself.

A template that was made here from a machine that worked has NICs, DHCP client and password script that fit; one that
was registered from a URL may have been made elsewhere. Other checks compare by this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples

INFO = Metric(
    "cloudstack_network_templates_info",
    "A template of the zone: where it comes from, its format, hypervisor and operating system, from listTemplates.",
    labels=("zone", "template", "origin", "format", "hypervisor", "os", "password_enabled"),
    subject="template",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say what each template of the zone is."""
    for one in cloud.templates_of(group.id).values():
        words = (one.origin.value, one.format, one.hypervisor, one.os_name, str(one.password_enabled).lower())
        yield INFO.sample(group.zone, one.name, *words, value=1)


CHECK = Check(
    title="Templates by origin",
    metrics=(INFO,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listTemplates",),
)
