"""Console proxies that find no management server: the way is closed, or the name is not known.

Symptom: the console proxy runs and its agent is not Up; no console opens.
Detect:  from inside, where no connection of its agent stands at two looks: connections to the port of agents at each
         address of its settings; and its own look-up of the names among them, whether it is connected or not, and of
         one name of its zone (an image store's, else its consoles'), so that silent name servers are seen.
Fix:     8250/tcp from the management network; name servers of the zone. The settings are those at its making: after
         a change of 'host' destroy it.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.host_connectivity.proxy_screens import PER_PROXY
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.system_vms.console_proxy import PROXY_AGENT
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH
from exporter.questions.system_vms.storage_ways import Lookup
from exporter.topology.system_vms import may_alarm

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
    "Names that the console proxy cannot look up: of management servers in its settings, and of its zone where silent.",
    labels=PER_PROXY,
    problem=above(0),
)


def judge(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether every way of an agent that runs is closed, and how many names are not known.

    Nothing after one look at what is wrong. Where the proxy itself runs is no part of what is remembered: what it does
    not find before and after it was moved it does not find.
    """
    if not may_alarm(cloud, target.vm, answers.now):
        return
    found = answers[PROXY_REACH]
    is_cut = not found.is_connected and not any(reach.is_good for reach in found.management.values())
    runs = (agent := answers.get(PROXY_AGENT)) is not None and agent.processes > 0
    if (found.is_connected or (runs and found.management)) and (
        not is_cut or confirmed(answers, cloud, "management", shown_by=(PROXY_REACH,))
    ):
        yield CUT.sample(
            target.zone,
            target.name,
            value=int(is_cut),
            seen="; ".join(f"{host}: {reach}" for host, reach in list(found.management.items())[:4]),
            expected="a connection to the port of agents at one of them",
            remedy=OPEN_WAY,
        )
    lost = _lost_names(found.names, target.looks_up)
    unknown = [name for name in lost if confirmed(answers, cloud, "name", name, shown_by=(PROXY_REACH,))]
    if found.names and (unknown or not lost):
        yield UNKNOWN.sample(
            target.zone,
            target.name,
            value=len(unknown),
            seen="; ".join(f"{name}: {found.names[name]}" for name in unknown[:4]),
            expected="an address for each name",
            remedy=FIX_DNS,
        )


def _lost_names(names: Mapping[str, Lookup], looks_up: str) -> list[str]:
    """Return the names that must be known and are not; the zone's own only where no name server answers.

    A name of the zone may be one that only the outside knows: who answers so is no silent name server.
    """
    is_silent = Lookup.KNOWN not in names.values()
    return sorted(
        name
        for name, told in names.items()
        if told is not Lookup.KNOWN and (name != looks_up or (is_silent and told is Lookup.TIMEOUT))
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
