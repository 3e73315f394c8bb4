"""Faults of console proxies. They strike v-1-VM in zone east unless they say otherwise."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import Console, SystemVm, World
from exporter.model import Issue

CONSOLE = Issue.CONSOLE_PROXY
DOMAIN = "console.lab.example"


def _proxy(world: World) -> SystemVm:
    return world.system_vm(1)


def _console(world: World) -> Console:
    return world.system_vm(1).console


def _east(world: World) -> dict[str, str]:
    return world.zone_settings[world.zones[0].id]


@fault(CONSOLE, "certificate_valid", "certificate_not_after_timestamp_seconds")
def console_certificate_expired(world: World) -> None:
    """The certificate of a console proxy has expired."""
    _console(world).certificate = "expired"


@fault(CONSOLE, "certificate_not_after_timestamp_seconds")
def console_certificate_expires_soon(world: World) -> None:
    """The certificate of a console proxy expires in five days."""
    _console(world).certificate = "expiring"


@fault(CONSOLE, "certificate_valid", "certificate_uncovered_proxies", "certificate_uncovered_names")
def console_certificate_wrong_name(world: World) -> None:
    """The certificate of a console proxy is for another domain."""
    _console(world).certificate = "wrong_name"


@fault(CONSOLE, "certificate_valid", "certificate_uncovered_proxies", "certificate_uncovered_names")
def console_certificate_wildcard_too_high(world: World) -> None:
    """The wildcard of the certificate stands one label too high: it covers no a-b-c-d name."""
    _console(world).certificate = "deep_name"


@fault(CONSOLE, "certificate_valid", "certificate_uncovered_proxies", "certificate_uncovered_names")
def console_certificate_realhostip(world: World) -> None:
    """A console proxy still shows the certificate of realhostip.com."""
    _console(world).certificate = "realhostip"


@fault(CONSOLE, "certificate_uncovered_proxies", "certificate_uncovered_names")
def console_certificate_single_name(world: World) -> None:
    """The certificate names this console proxy only, not the others and not those that may come."""
    _console(world).certificate = f"name:{_proxy(world).public.replace('.', '-')}.{DOMAIN}"


@fault(CONSOLE, "certificate_valid")
def console_chain_incomplete(world: World) -> None:
    """A console proxy sends its certificate without the intermediate."""
    _console(world).certificate = "incomplete"


@fault(CONSOLE, "certificate_valid")
def console_self_signed(world: World) -> None:
    """The certificate of a console proxy is signed by itself."""
    _console(world).certificate = "self_signed"


@fault(CONSOLE, "certificate_valid")
def console_untrusted_ca(world: World) -> None:
    """The certificate of a console proxy comes from a CA that browsers do not know."""
    _console(world).certificate = "untrusted"


@fault(CONSOLE, "dns_ok", "reachable", "dns_next_names_missing")
def console_dns_missing(world: World) -> None:
    """The name of a console proxy does not resolve."""
    world.console_names[f"{_proxy(world).public.replace('.', '-')}.{DOMAIN}"] = ""


@fault(CONSOLE, "dns_ok", "dns_next_names_missing")
def console_dns_wrong(world: World) -> None:
    """The name of a console proxy leads to another one."""
    world.console_names[f"{_proxy(world).public.replace('.', '-')}.{DOMAIN}"] = world.system_vm(2).public


@fault(CONSOLE, "dns_next_names_missing")
def console_dns_next_name_missing(world: World) -> None:
    """A name that the next console proxy may get does not resolve yet."""
    world.console_names[f"{world.zones[0].public_prefix.replace('.', '-')}19.{DOMAIN}"] = ""


@fault(CONSOLE, "reachable", "listening")
def console_port_closed(world: World) -> None:
    """Nothing listens on the web port of a console proxy."""
    _console(world).web = False


@fault(CONSOLE, "reachable")
def console_silent(world: World) -> None:
    """A console proxy takes connections and never answers."""
    _console(world).page = "silent"


@fault(CONSOLE, "reachable")
def console_http_500(world: World) -> None:
    """The noVNC page of a console proxy answers 500."""
    _console(world).page = "500"


@fault(CONSOLE, "reachable")
def console_http_404(world: World) -> None:
    """A console proxy has no noVNC page."""
    _console(world).page = "404"


@fault(CONSOLE, "vnc_reachable", "listening")
def console_vnc_port_closed(world: World) -> None:
    """Nothing listens on the websocket port of a console proxy."""
    _console(world).vnc = False


@fault(CONSOLE, "vnc_reachable", "vnc_port_ok")
def console_vnc_port_of_old_settings(world: World) -> None:
    """TLS was switched on after the console proxy was created: its websocket port is still the plain one."""
    _console(world).vnc_tls = False


@fault(CONSOLE, "agent_up", "agent_connected", "agent_process_up", "reachable", "listening")
def console_agent_down(world: World) -> None:
    """The agent of a console proxy has died, and with it its web server."""
    vm = _proxy(world)
    vm.agent, vm.agent_state = False, "Alert"
    vm.console.web = vm.console.vnc = False


@fault(CONSOLE, "agent_up", "agent_connected", "host_connectivity:console_proxy_management_unreachable")
def console_agent_disconnected(world: World) -> None:
    """The agent of a console proxy cannot reach a management server, and CloudStack knows."""
    vm = _proxy(world)
    vm.agent_state, vm.session = "Disconnected", False


@fault(CONSOLE, "agent_connected", "agent_disagreement", "host_connectivity:console_proxy_management_unreachable")
def console_agent_session_lost(world: World) -> None:
    """The agent of a console proxy has lost its connection while CloudStack still says Up."""
    _proxy(world).session = False


@fault(CONSOLE, "agent_hosts_ok")
def console_agent_old_host(world: World) -> None:
    """The agent of a console proxy looks for a management server that is not there any more."""
    _proxy(world).management = "192.0.2.99"


@fault(CONSOLE, "running", "zone_served")
def console_zone_without_proxy(world: World) -> None:
    """The only console proxy of zone west is stopped in error."""
    vm = world.system_vm(13)
    vm.state, vm.agent_state = "Error", "Down"


@fault(CONSOLE, "realhostip")
def console_realhostip(world: World) -> None:
    """Secondary storage still uses realhostip.com."""
    world.settings["secstorage.ssl.cert.domain"] = "*.realhostip.com"


@fault(CONSOLE, "tls_without_domain", "mixed_content")
def console_tls_without_domain(world: World) -> None:
    """TLS is switched on for consoles of zone east without a domain, so it is silently off."""
    _east(world)["consoleproxy.url.domain"] = ""
    _plain(world)


@fault(CONSOLE, "mixed_content")
def console_mixed_content(world: World) -> None:
    """The UI of the cloud is served with TLS, consoles of zone east are not."""
    _east(world)["consoleproxy.sslEnabled"] = "false"
    _plain(world)


def _plain(world: World) -> None:
    """Make the proxies of zone east serve without TLS, as they do when created with these settings."""
    for vm in world.system_vms:
        if vm.zone is world.zones[0]:
            vm.console.tls = vm.console.vnc_tls = False


@fault(CONSOLE, "sessions_ratio")
def console_sessions_full(world: World) -> None:
    """A console proxy has nearly as many sessions as it may."""
    _proxy(world).sessions = 46


@fault(CONSOLE, "management_state_auto")
def console_management_state_manual(world: World) -> None:
    """Console proxies are not managed: one that is lost is not made again."""
    world.settings["consoleproxy.management.state"] = "Manual"


@fault(CONSOLE, "management_host_local", "host_connectivity:agents_address_unusable")
def console_host_is_localhost(world: World) -> None:
    """The setting host is localhost: new console proxies look for their management server in themselves."""
    world.settings["host"] = "localhost"
    for vm in world.system_vms:
        vm.management = "192.0.2.10"
