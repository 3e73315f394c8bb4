"""Console proxies that find no management server: the way is closed, or the name is not known.

Symptom: the console proxy runs and its agent is not Up; no console opens.
Detect:  from inside, where no connection of its agent stands at two looks: connections to the port of agents at each
         address of its settings; and its own look-up of the names among them, whether it is connected or not.
Fix:     8250/tcp from the management network; name servers of the zone. The settings are those at its making: after
         a change of 'host' destroy it.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.proxy_screens import PER_PROXY
from exporter.checks.host_connectivity.system_vms import is_settling
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.system_vms.console_proxy import PROXY_AGENT
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH
from exporter.questions.system_vms.storage_ways import Lookup

OPEN_WAY = (
    "Let the console proxy reach 8250/tcp of the addresses that are named. Are they old ones? Set 'host', then destroy"
    " the proxy (destroySystemVm): it keeps the settings it was made with."
)
FIX_DNS = (
    "See that the zone's internal name servers know the names and answer the proxy's private address; or set 'host' to"
    " addresses and destroy the proxy."
)

CUT = Metric(
    "cloudstack_network_host_connectivity_console_proxy_management_unreachable",
    "Whether the console proxy, whose agent has no connection, reaches no management server of its settings either.",
    labels=PER_PROXY,
    problem=above(0),
    follows=(
        "cloudstack_network_host_connectivity_management_servers_alive",
        "cloudstack_network_host_connectivity_console_proxy_names_unknown",
    ),
)
UNKNOWN = Metric(
    "cloudstack_network_host_connectivity_console_proxy_names_unknown",
    "Names of management servers in the console proxy's settings that it cannot look up; 0 where they are addresses.",
    labels=PER_PROXY,
    problem=above(0),
)


def judge(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether every way of an agent that runs is closed, and how many names are not known."""
    if is_settling(cloud, target.vm, answers.now):
        return
    found, host_id = answers[PROXY_REACH], target.vm.host_id
    is_cut = not found.is_connected and not any(reach.is_good for reach in found.management.values())
    runs = (agent := answers.get(PROXY_AGENT)) is not None and agent.processes > 0
    if (found.is_connected or (runs and found.management)) and (
        not is_cut or confirmed(answers, cloud, host_id, "management", shown_by=(PROXY_REACH,))
    ):
        yield CUT.sample(
            target.zone,
            target.name,
            value=int(is_cut),
            seen="; ".join(f"{host}: {reach}" for host, reach in list(found.management.items())[:4]),
            expected="a connection to the port of agents at one of them",
            remedy=OPEN_WAY,
        )
    unknown = {
        name: told
        for name, told in found.names.items()
        if told is not Lookup.KNOWN and confirmed(answers, cloud, host_id, name, shown_by=(PROXY_REACH,))
    }
    yield UNKNOWN.sample(
        target.zone,
        target.name,
        value=len(unknown),
        seen="; ".join(f"{name}: {told}" for name, told in sorted(unknown.items())[:4]),
        expected="an address for each name",
        remedy=FIX_DNS,
    )


CHECK = Check(
    title="Management servers that a console proxy reaches",
    metrics=(CUT, UNKNOWN),
    remedies=(OPEN_WAY, FIX_DNS),
    judges={ConsoleProxyTarget: judge},
    asks={ConsoleProxyTarget: (PROXY_REACH,)},
    uses={ConsoleProxyTarget: (PROXY_AGENT,)},
    judges_cloud=True,
)
