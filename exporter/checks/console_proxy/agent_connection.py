"""Console proxies whose own agent has no connection to a management server.

Symptom: CloudStack shows Up for minutes after the connection is gone, or not Up although it stands.
Detect:  inside the proxy: an established connection to 8250, the Java process, 'host' of agent.properties.
Fix:     'host' and the way to 8250/tcp; a proxy that carries old addresses is destroyed, it was told them at creation.
"""

from __future__ import annotations

from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import CHECK_AGENT_PATH, CHECK_HOST_SETTING, DESTROY, READ_LOG
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Answers, Check, Metric, Samples, above, equals
from exporter.questions.system_vms.console_proxy import PROXY_AGENT, PROXY_AGENT_CONNECTIONS, PROXY_MANAGEMENT_HOSTS
from exporter.topology.system_vms import agent_state, may_alarm, told_servers
from exporter.topology.zones import is_zone_judged

CONNECTED = Metric(
    "cloudstack_network_console_proxy_agent_connected",
    "Whether the console proxy itself has an established connection to the agent port of a management server.",
    labels=PER_PROXY,
    problem=equals(0),
    follows=("cloudstack_network_host_connectivity_console_proxy_management_unreachable",),
)
DISAGREES = Metric(
    "cloudstack_network_console_proxy_agent_disagreement",
    "Whether CloudStack's agent state and the proxy's own connection contradict each other at two visits.",
    labels=PER_PROXY,
    problem=above(0),
)
PROCESS_UP = Metric(
    "cloudstack_network_console_proxy_agent_process_up",
    "Whether the agent's Java process runs in the console proxy.",
    labels=PER_PROXY,
    problem=equals(0),
)
HOSTS_OK = Metric(
    "cloudstack_network_console_proxy_agent_hosts_ok",
    "Whether 'host' in the proxy's agent.properties names a management server of the setting 'host', not localhost.",
    labels=PER_PROXY,
    problem=equals(0),
)


def judge(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Compare what the proxy has with what CloudStack believes and has set; a new proxy may still be connecting."""
    connected = bool(answers[PROXY_AGENT_CONNECTIONS])
    counts = may_alarm(cloud, target.vm, answers.now)
    if connected or counts:
        yield CONNECTED.sample(
            target.zone,
            target.name,
            value=int(connected),
            seen="no established connection to the agent port",
            expected="one to a management server",
            remedy=CHECK_AGENT_PATH,
        )
    if counts:
        yield from _disagreement(target, answers, cloud, connected=connected)
        yield from _process(target, answers)
    if is_zone_judged(cloud, target.vm.zone_id):
        yield from _hosts(target, answers, cloud)


def _disagreement(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud, *, connected: bool) -> Samples:
    """Say whether CloudStack contradicts the proxy; a difference seen once may be a refresh too old."""
    vm = cloud.system_vms.get(target.vm.id, target.vm)
    state = agent_state(cloud, vm)
    if state is None:
        return
    differs = (state == "Up") != connected
    shown = differs and confirmed(answers, cloud, "differs", vm.host_id, shown_by=(PROXY_AGENT_CONNECTIONS,))
    if differs and not shown:
        return
    yield DISAGREES.sample(
        target.zone,
        target.name,
        value=int(shown),
        seen=f"CloudStack says {state}, the proxy has {'a' if connected else 'no'} connection",
        expected="both the same",
        remedy=READ_LOG,
    )


def _process(target: ConsoleProxyTarget, answers: Answers) -> Samples:
    """Say whether the agent's process runs."""
    agent = answers.get(PROXY_AGENT)
    if agent is not None:
        yield PROCESS_UP.sample(
            target.zone,
            target.name,
            value=int(agent.processes > 0),
            seen=f"no AgentShell process{f', cloud.service {agent.unit}' if agent.unit else ''}",
            expected="one Java process",
            remedy=DESTROY,
        )


def _hosts(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether the proxy was told management servers that still count."""
    told, setting = answers.get(PROXY_MANAGEMENT_HOSTS), cloud.setting("host", target.vm.zone_id)
    if told is None or setting is None:
        return
    found = told_servers(told, setting)
    yield HOSTS_OK.sample(
        target.zone,
        target.name,
        value=int(found.is_ok),
        seen=f"host={','.join(told)[:100]}",
        expected=f"one of {', '.join(sorted(found.wanted))[:100] or 'the management servers'}",
        remedy=DESTROY if found.wanted else CHECK_HOST_SETTING,
    )


CHECK = Check(
    title="Agent connection seen inside the console proxy",
    metrics=(CONNECTED, DISAGREES, PROCESS_UP, HOSTS_OK),
    remedies=(CHECK_HOST_SETTING, CHECK_AGENT_PATH, DESTROY, READ_LOG),
    judges={ConsoleProxyTarget: judge},
    asks={ConsoleProxyTarget: (PROXY_AGENT_CONNECTIONS,)},
    uses={ConsoleProxyTarget: (PROXY_AGENT, PROXY_MANAGEMENT_HOSTS)},
    reads=("listSystemVms",),
    judges_cloud=True,
)
