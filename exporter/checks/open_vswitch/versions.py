"""Hosts of a cluster with another version of Open vSwitch than most of it.

Symptom: what works on one host fails on the next: tunnels, LACP, hardware offload.
Detect:  ovs_version of the database, or ovsdb-server's own word, against most hosts of the cluster.
Fix:     the same packages on every host; the daemons must be restarted after an upgrade.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.open_vswitch.watched import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Samples, above
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.majority import differs, majority

INFO = gauge("info", "Open vSwitch of a host, used by CloudStack or not; always 1.", "version")
DIFFERS = gauge(
    "version_differs",
    "Whether the version of Open vSwitch is another one than on most hosts of the cluster that have it.",
    problem=above(0),
)
ALIGN = "Bring the host to the version of its peers: maintenance, upgrade, restart of Open vSwitch."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the version of a host."""
    version = _version(answers)
    if version:
        yield INFO.sample(*names(target, cloud), version, value=1)


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each host with a version whether it is the odd one; nothing while those silent may decide.

    One that is held back is not, nor does it decide.
    """
    versions = {target: version for target, answers in members.items() if (version := _version(answers))}
    judged = {one: version for one, version in versions.items() if is_judged(one, cloud, members[one].now)}
    told = [one for one, answers in members.items() if one in versions or OVS_DATABASE in answers.values]
    missing = absent(told, group, cloud)
    for target, version in versions.items():
        is_odd = differs(version, judged, missing) if target in judged else False
        if is_odd is None:
            continue
        yield DIFFERS.sample(
            *names(target, cloud),
            value=int(is_odd),
            seen=version,
            expected=f"{majority(judged)}, as most hosts of the cluster",
            remedy=ALIGN,
        )


def _version(answers: Answers) -> str:
    """Return the version that runs, empty when it was not told: the daemon's own word counts first."""
    runtime, database = answers.get(OVS_RUNTIME), answers.get(OVS_DATABASE)
    return (runtime.database.version if runtime else "") or (database.version if database else "")


CHECK = Check(
    title="Open vSwitch versions",
    metrics=(INFO, DIFFERS),
    remedies=(ALIGN,),
    judges={HostTarget: judge},
    uses={HostTarget: (OVS_RUNTIME, OVS_DATABASE)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (OVS_RUNTIME, OVS_DATABASE)}),),
)
