"""Physical networks on which the provider of security groups is not switched on.

Symptom: networks with security groups cannot be made or restarted, and changed groups are not sent.
Detect:  the state of SecurityGroupProvider on each physical network that carries such networks.
Fix:     enable it: Infrastructure > Physical networks > Network service providers > Security groups.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.security_groups.nics import has_groups
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.topology.zones import is_zone_judged, physical_name

DISABLED = Metric(
    "cloudstack_network_security_groups_provider_disabled",
    "Whether SecurityGroupProvider is off on a physical network that carries networks with security groups"
    " (listNetworkServiceProviders).",
    labels=("zone", "physical_network"),
    problem=above(0),
)
PROVIDER = "SecurityGroupProvider"


def judge(group: ZoneGroup, members: Mapping[object, Answers], cloud: Cloud) -> Samples:
    """Yield for each physical network with security groups whether their provider is off; a disabled one needs none."""
    carrying = {
        network.physical_network_id
        for network in cloud.networks.values()
        if network.zone_id == group.id and has_groups(network)
    }
    states = {one.physical_network_id: one.state for one in cloud.providers.values() if one.name == PROVIDER}
    for physical in cloud.physical_networks.values():
        if physical.id in carrying:
            state = states.get(physical.id, "not added")
            is_needed = physical.enabled and is_zone_judged(cloud, group.id)
            yield DISABLED.sample(
                group.zone,
                physical_name(cloud, physical.id),
                value=int(is_needed and state != "Enabled"),
                seen=f"{PROVIDER} is {state}",
                expected="Enabled",
            )


CHECK = Check(
    title="Provider of security groups",
    metrics=(DISABLED,),
    remedies=("Enable SecurityGroupProvider on the physical network: Infrastructure > Physical networks > Providers.",),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listNetworks", "listPhysicalNetworks", "listNetworkServiceProviders"),
)
