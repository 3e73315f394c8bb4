"""Image stores that nobody dials, so that no verdict speaks of them.

Symptom: none; what is said of ways to image stores is not said of these.
Detect:  URLs of listImageStores without a host that a machine can be told (an address of IPv6, an underscore in the
         name, S3 and Swift, whose endpoints are not in it), and those behind the first eight.
Fix:     a name in plain letters in the URL of the store, where that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targeting import MOUNTED, not_dialled
from exporter.model import Check, GroupJudge, Metric, Samples

NOT_DIALLED = Metric(
    "cloudstack_network_host_connectivity_zone_image_stores_not_dialled",
    "Image stores in listImageStores that hosts, or secondary storage VMs, of the zone should reach and nobody dials.",
    labels=("zone", "by"),
    subject="zone",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield how many are left out; hosts mount those of NFS only."""
    yield NOT_DIALLED.sample(group.zone, "hosts", value=len(not_dialled(cloud, group.id, MOUNTED)))
    yield NOT_DIALLED.sample(group.zone, "secondary_storage_vms", value=len(not_dialled(cloud, group.id)))


CHECK = Check(
    title="Image stores that nobody dials",
    metrics=(NOT_DIALLED,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listImageStores",),
)
