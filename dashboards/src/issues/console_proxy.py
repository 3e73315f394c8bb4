"""Rows about console proxies (issue 7)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, failing, graph, judged, selector, stat, table, total
from dashboards.src.style import CRITICAL, OK, WARNING, steps, words
from exporter.model import Issue
from exporter.thresholds import CERTIFICATE_EXPIRES_NOW, CERTIFICATE_EXPIRES_SOON, CONSOLE_SESSIONS_RATIO

BOARD = "csnet-console"
metric = metrics_of(Issue.CONSOLE_PROXY)
PROXY = ("zone", "console_proxy")


def _seen(name: str, *extra: str) -> str:
    return selector(metric(name).name, *extra)


def _column(heading: str, name: str, unit: str = "short") -> Column:
    return judged(heading, metric(name), *PROXY, unit=unit)


NOW = Row(
    panels=(
        stat(
            "Zones without a console",
            "Zones in which no console opens because no proxy is usable. If red: runbook "
            "CloudStackNetConsoleProxyNoneUsable.",
            failing(_seen("zone_served")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Proxies a browser cannot reach",
            "Proxies whose page or screen a browser at the exporter does not get. If red: table Way of a browser.",
            failing(_seen("reachable")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Next certificate expires in",
            "The nearest expiry of all proxies. If orange: order a new one now, it takes days.",
            f"min({_seen('certificate_not_after_timestamp_seconds')}) - time()",
            unit="s",
            thresholds=steps((CERTIFICATE_EXPIRES_NOW, WARNING), (CERTIFICATE_EXPIRES_SOON, OK), base=CRITICAL),
        ),
        stat(
            "Agents not up",
            "Running proxies whose agent CloudStack does not see. If red: table Agent and management.",
            failing(_seen("agent_up")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Open consoles",
            "Sessions on all proxies, as CloudStack counts them.",
            total(_seen("sessions")),
        ),
        stat(
            "Fullest proxy",
            "Sessions divided by consoleproxy.session.max. If red: raise the limit or wait for another proxy.",
            f"max({_seen('sessions_ratio')})",
            unit="percentunit",
            min=0,
            max=1,
            thresholds=steps((CONSOLE_SESSIONS_RATIO, WARNING)),
        ),
    ),
)

BROWSER = Row(
    title="Way of a browser",
    panels=(
        table(
            "Way of a browser",
            "What a browser at the exporter meets at each proxy. The first NO from the left is the fault.",
            (
                _column("Name resolves", "dns_ok"),
                _column("Page opens", "reachable"),
                _column("Screen opens", "vnc_reachable"),
                _column("HTTP status", "http_status_code"),
                _column("Certificate valid", "certificate_valid"),
            ),
            size=(14, 7),
        ),
        table(
            "Steps",
            "Each step that was taken: dns, tcp, tls, http, vnc. Steps after a failed one are not taken.",
            (
                Column(
                    heading="Works",
                    expr=f"min by (zone, console_proxy, phase) ({_seen('phase_ok')})",
                    settings={"mappings": words({1: ("yes", OK), 0: ("NO", CRITICAL)})},
                ),
            ),
            size=(10, 7),
        ),
    ),
)

PROXIES = Row(
    title="Console proxies",
    panels=(
        table(
            "Console proxies",
            "Which proxies are there, where do they run, and by which name are browsers sent to them?",
            (
                Column(
                    heading="Seen",
                    expr="max by (zone, console_proxy, host, hypervisor, version, address, hostname, rule) "
                    f"({_seen('info')})",
                ),
                Column(
                    heading="Template",
                    expr=f"max by (zone, console_proxy, release) ({_seen('release_info')})",
                ),
                _column("Running", "running"),
                _column("Settling", "settling"),
            ),
            hide=("Value #A", "Value #B"),
        ),
        graph(
            "State",
            "The state that CloudStack shows; a change of name is a recreated proxy.",
            {"{{console_proxy}} {{state}}": f"max by (console_proxy, state) ({_seen('state')})"},
            unit="short",
        ),
        graph(
            "Agent state",
            "The agent's state in CloudStack; anything but Up means that new consoles are not sent there.",
            {"{{console_proxy}} {{state}}": f"max by (console_proxy, state) ({_seen('agent_state')})"},
            unit="short",
        ),
    ),
)

AGENT = Row(
    title="Agent, ports and management",
    collapsed=True,
    panels=(
        table(
            "Agent",
            "CloudStack's view beside the proxy's own. If red: runbooks CloudStackNetConsoleAgentDisconnected and "
            "CloudStackNetConsoleAgentBroken.",
            (
                _column("Agent up", "agent_up"),
                _column("Connected to 8250", "agent_connected"),
                _column("Process runs", "agent_process_up"),
                _column("Knows its servers", "agent_hosts_ok"),
                _column("Views contradict", "agent_disagreement"),
                _column("Websocket port right", "vnc_port_ok"),
            ),
            size=(14, 7),
        ),
        table(
            "Listening ports",
            "Ports seen from inside the proxy. If red: destroy the proxy, ports are fixed when it is created.",
            (judged("Listens", metric("listening"), *PROXY, "service"),),
            size=(10, 7),
        ),
        table(
            "Zones",
            "Is each zone served, and are its proxies managed by CloudStack?",
            (
                judged("Served", metric("zone_served"), "zone"),
                judged("Usable proxies", metric("usable"), "zone", worst="min"),
                judged("Needed", metric("needed"), "zone"),
                judged("Management automatic", metric("management_state_auto"), "zone"),
                judged("Host setting is local", metric("management_host_local"), "zone"),
            ),
            size=(14, 7),
        ),
        table(
            "Settings",
            "Settings that break consoles or their encryption. If red: runbook CloudStackNetConsoleSettingsWrong.",
            (
                judged("TLS", metric("tls_enabled"), "zone"),
                judged("TLS without domain", metric("tls_without_domain"), "zone"),
                judged("Mixed content", metric("mixed_content"), "zone"),
                judged("Names realhostip", metric("realhostip"), "zone"),
            ),
            size=(10, 7),
        ),
    ),
)

CERTIFICATE = Row(
    title="Certificate and names",
    collapsed=True,
    panels=(
        table(
            "Certificate",
            "Until when, from whom, for which names? A proxy that is recreated gets another address and name.",
            (
                Column(
                    heading="Seen",
                    expr=f"max by (zone, console_proxy, issuer, key, protocol) ({_seen('certificate_info')})",
                ),
                _column("Expires in", "certificate_not_after_timestamp_seconds"),
                _column("Chain complete", "certificate_chain_ok"),
                _column("Name fits", "certificate_name_ok"),
                _column("Proxies not named", "certificate_uncovered_proxies"),
                _column("Possible names missing", "certificate_uncovered_names"),
                _column("Next names missing in DNS", "dns_next_names_missing"),
            ),
            hide=("Value #A",),
        ),
    ),
)

SESSIONS = Row(
    title="Sessions",
    collapsed=True,
    panels=(
        graph(
            "Sessions",
            "Open consoles per proxy against the limit of its zone.",
            {
                "{{console_proxy}}": f"max by (console_proxy) ({_seen('sessions')})",
                "limit in {{zone}}": f"max by (zone) ({_seen('sessions_limit')})",
            },
            unit="short",
            size=(24, 8),
        ),
    ),
)

ROWS = (NOW, BROWSER, PROXIES, AGENT, CERTIFICATE, SESSIONS)
