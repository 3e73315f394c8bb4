"""XenServer hosts whose network back-end was switched and that were not started anew.

Symptom: nothing yet; after the next reboot, planned or not, the host comes up with the other back-end. Until then
         CloudStack believes the file: it writes rules that no frame comes to, or none where they would work.
Detect:  /etc/xensource/network.conf against what runs: Open vSwitch's daemon or datapath, else Linux bridges.
Fix:     put the host into maintenance and reboot it, or switch back.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import XenHostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.xen_hosts.backend import XEN_BACKEND
from exporter.topology.hosts import is_judged, names

PENDING = gauge(
    "network_backend_pending",
    "Whether a XenServer host runs another network back-end than the one in its network.conf, until it is rebooted.",
    problem=above(0),
)
REBOOT = (
    "Put the host into maintenance and reboot it, so that it runs what is set; or set what runs"
    " (xe-switch-network-backend), if nobody meant to change it."
)


def judge(target: XenHostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether what is set is not what runs; zero of a host in maintenance, where it is just being done."""
    told, judged = answers[XEN_BACKEND], is_judged(target, cloud, answers.now)
    yield PENDING.sample(
        *names(target, cloud),
        value=int(judged and told.configured != told.running),
        seen=f"network.conf: {told.configured}; running: {told.running}",
        expected=f"{told.configured} runs",
        remedy=REBOOT,
    )


CHECK = Check(
    title="Network back-end of XenServer",
    metrics=(PENDING,),
    remedies=(REBOOT,),
    judges={XenHostTarget: judge},
    asks={XenHostTarget: (XEN_BACKEND,)},
)
