"""Guest symptoms grouped by template: eth0, eth1 or p192p1, seen without entering a guest.

Symptom: machines of one template run, and have no network, no password or no user data.
Detect:  what the routers heard of each running guest, compared between templates, routers, hosts and networks.
Fix:     the template; or the router, or the host's VLAN, where guests of every template are silent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, field

from exporter.checks.templates import cut_off, guest_services
from exporter.checks.templates.guest_services import Services
from exporter.checks.templates.guest_suspects import (
    Tally,
    against_router,
    against_template,
    is_router_suspected,
    is_template_suspected,
    tally,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.storage import Origin
from exporter.cloud.targets import HostTarget, RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import TEMPLATE_GUESTS, TEMPLATE_UNFETCHED_RATIO
from exporter.topology import guest_evidence
from exporter.topology.guest_states import Guest, State, guests
from exporter.topology.zones import is_zone_judged

GUESTS = Metric(
    "cloudstack_network_templates_guests",
    "Running guests of a template by what their routers know of them, from DHCP logs and ARP tables.",
    labels=("zone", "template", "state"),
    subject="template",
)
RATIO = Metric(
    "cloudstack_network_templates_silent_ratio",
    "Share of a template's guests that never asked for an address and do not answer, of those that are known.",
    labels=("zone", "template"),
)
BY_ORIGIN = Metric(
    "cloudstack_network_templates_silent_ratio_by_origin",
    "Share of silent guests among all guests of templates of one origin: made here, registered, uploaded.",
    labels=("zone", "origin"),
    subject="zone",
)
SUSPECTED = Metric(
    "cloudstack_network_templates_suspected",
    "Whether most guests of a template are silent while others on the same routers, hosts and networks are fine.",
    labels=("zone", "template"),
    problem=above(0),
)
ROUTER_SILENT = Metric(
    "cloudstack_network_templates_router_silent",
    "Whether all guests behind a router are silent, whatever their template, by its DHCP log and ARP table.",
    labels=("zone", "router"),
    problem=above(0),
    follows=(
        "cloudstack_network_user_metadata_router_down",
        "cloudstack_network_user_metadata_router_health_failed",
    ),
)
UNSERVED = Metric(
    "cloudstack_network_templates_router_unserved_guests",
    "Running guests whose router's DHCP server does not know them or does not answer them, by its log.",
    labels=("zone", "router"),
    problem=above(0),
    follows=(
        "cloudstack_network_user_metadata_router_health_failed",
        "cloudstack_network_user_metadata_data_server_resolves",
    ),
)
UNFETCHED = Metric(
    "cloudstack_network_templates_passwords_unfetched_ratio",
    "Share of a template's guests that never asked for a password which has long been pending, by their routers.",
    labels=("zone", "template"),
    problem=above(TEMPLATE_UNFETCHED_RATIO),
)
UNREAD = Metric(
    "cloudstack_network_templates_metadata_unread_ratio",
    "Share of a template's guests on the network that never asked for their metadata, by the routers' web logs.",
    labels=("zone", "template"),
)
UNTOLD = Metric(
    "cloudstack_network_templates_router_unread_guests",
    "New guests of a router whose web server none of its guests ever asked for metadata; most of their templates do.",
    labels=("zone", "router"),
    problem=above(0),
    follows=(
        "cloudstack_network_user_metadata_web_server_up",
        "cloudstack_network_user_metadata_router_health_failed",
    ),
)
LINT = (
    "Check the image: lint-template IMAGE names rules that bind eth1 or p192p1, profiles with a MAC or UUID, "
    "and a missing DHCP client; look at one of the machines on its console."
)
ROUTER = (
    "Look at the router: dnsmasq, its rule for udp 67, and its VLAN on the host it runs on; restart the network "
    "without clean-up."
)
PUSH = "Restart the network without clean-up (it sends the DHCP entries again), then stop and start the machines."
SCRIPT = (
    "Put the password script, or cloud-init with the CloudStack data source, into the template (lint-template IMAGE)."
)
WEB_SERVER = (
    "Ask the router's web server from one of these guests (curl -v http://data-server/latest/instance-id); look at the "
    "router's rule for tcp 80 and at apache2, then restart the network without clean-up."
)
SHOWN = 3
"""Guests named in a finding; the numbers tell of all."""
TEMPLATES_SHOWN = 150
"""Templates of which every state is shown: the most silent, then the largest."""
NEEDS = {RouterTarget: (*guest_evidence.ASKED, *guest_services.ASKED), HostTarget: cut_off.ASKED}
UNSERVED_STATES = (State.NO_ANSWER, State.MISSING_HOST_ENTRY)


@dataclass(slots=True)
class Found:
    """What one pass over the guests of a zone brought.

    Attributes:
        states: number of guests by template id and state.
        routers: by name of a router its guests that it does not serve; those whose guests are known have an entry.
        known: the guests of which something is known.
    """

    states: defaultdict[str, Counter[State]] = field(default_factory=lambda: defaultdict(Counter))
    routers: dict[str, list[Guest]] = field(default_factory=dict)
    known: list[Guest] = field(default_factory=list)


def judge(group: ZoneGroup, members: Mapping[RouterTarget | HostTarget, Answers], cloud: Cloud) -> Samples:
    """Say of each template, router and origin of the zone how many of its guests the network does not know.

    Nothing is said of a zone that is disabled; its guests are looked at all the same, so that it is remembered since
    when they run.
    """
    found, services = Found(), Services(cloud)
    routers = {one: answers for one, answers in members.items() if isinstance(one, RouterTarget)}
    hosts = {one: answers for one, answers in members.items() if isinstance(one, HostTarget)}
    for guest in guests(group, routers, cloud):
        _add(found, guest)
        services.add(guest)
    if not is_zone_judged(cloud, group.id):
        return
    names = {template: cloud.templates_of(group.id)[template].name for template in found.states}
    counts = tally(cut_off.not_cut_off(found.known, hosts, cloud))
    yield from _templates(group, found, names, counts, cloud)
    yield from _origins(group, found, cloud)
    yield from _routers(group, found, names, counts, cloud)
    yield from _services(group, services, names, cloud)


def _add(found: Found, guest: Guest) -> None:
    template = guest.instance.template_id
    found.states[template][guest.state] += 1
    if guest.router_name and guest.state is not State.UNKNOWN:
        unserved = found.routers.setdefault(guest.router_name, [])
        if guest.state in UNSERVED_STATES:
            unserved.append(guest)
        found.known.append(guest)


def _judged(states: Counter[State]) -> int:
    return states[State.FINE] + states[State.SILENT]


def _templates(group: ZoneGroup, found: Found, names: Mapping[str, str], counts: Tally, cloud: Cloud) -> Samples:
    order = sorted(found.states, key=lambda one: (-found.states[one][State.SILENT], -found.states[one].total(), one))
    for place, template in enumerate(order):
        states, own = found.states[template], (group.zone, names[template])
        if place < TEMPLATES_SHOWN:
            for state in State:
                if states[state] or state in (State.FINE, State.SILENT):
                    yield GUESTS.sample(*own, state.value, value=states[state])
        if _judged(states) >= TEMPLATE_GUESTS:
            yield RATIO.sample(*own, value=round(states[State.SILENT] / _judged(states), 4))
            silent = against_template(template, counts)
            yield SUSPECTED.sample(
                *own,
                value=int(is_template_suspected(template, counts)),
                seen=f"{states[State.SILENT]} of {_judged(states)} silent: {_named(silent, cloud)}",
                expected="guests that ask for their address, as those of other templates on the same routers do",
                remedy=LINT,
            )


def _named(silent: Iterable[Guest], cloud: Cloud) -> str:
    """Return some guests in words, each with its network and host."""
    words = [
        f"{one.instance.name} ({one.nic.mac}, network {one.network.name}, {_host(one, cloud)})"
        for one in sorted(silent, key=lambda one: one.instance.name)
    ]
    return "; ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")


def _host(guest: Guest, cloud: Cloud) -> str:
    host = cloud.hosts.get(guest.instance.host_id)
    return host.name if host else "host unknown"


def _origins(group: ZoneGroup, found: Found, cloud: Cloud) -> Samples:
    origins: defaultdict[Origin, Counter[State]] = defaultdict(Counter)
    for template, states in found.states.items():
        origins[cloud.templates_of(group.id)[template].origin].update(states)
    for origin, states in sorted(origins.items()):
        if _judged(states) >= TEMPLATE_GUESTS:
            yield BY_ORIGIN.sample(group.zone, origin, value=round(states[State.SILENT] / _judged(states), 4))


def _routers(group: ZoneGroup, found: Found, names: Mapping[str, str], counts: Tally, cloud: Cloud) -> Samples:
    for router, unserved in sorted(found.routers.items()):
        yield UNSERVED.sample(
            group.zone,
            router,
            value=len(unserved),
            seen="; ".join(
                f"{one.state.replace('_', ' ')}: {one.instance.name} ({one.nic.mac})" for one in unserved[:SHOWN]
            ),
            expected="an entry in /etc/dhcphosts.txt and an acknowledgement for each guest",
            remedy=PUSH,
        )
        is_suspected = is_router_suspected(router, counts)
        if is_suspected is not None:
            silent = against_router(router, counts)
            templates = sorted({names[one.instance.template_id] for one in silent})
            yield ROUTER_SILENT.sample(
                group.zone,
                router,
                value=int(is_suspected),
                seen=f"{len(silent)} guests of {_number(templates)} silent: {_named(silent, cloud)}",
                expected="at least one guest that is heard",
                remedy=ROUTER,
            )


def _number(templates: Sized) -> str:
    return "1 template" if len(templates) == 1 else f"{len(templates)} templates"


def _services(group: ZoneGroup, services: Services, names: Mapping[str, str], cloud: Cloud) -> Samples:
    found = services.found
    for metric, never, once, what in (
        (UNFETCHED, found.unfetched, found.fetched, "their pending password"),
        (UNREAD, found.unread, found.read, "their metadata"),
    ):
        for template in sorted(never.keys() | once.keys()):
            population = never[template] + once[template]
            if population >= TEMPLATE_GUESTS:
                yield metric.sample(
                    group.zone,
                    names[template],
                    value=round(never[template] / population, 4),
                    seen=f"{never[template]} of {population} guests never asked for {what}",
                    expected="asked for within minutes after the start",
                    remedy=SCRIPT,
                )
    for router in sorted(found.read_at.keys() | found.new_at.keys()):
        untold = found.untold(router)
        if untold is not None:
            yield UNTOLD.sample(
                group.zone,
                router,
                value=len(untold),
                seen=f"{len(untold)} guests never asked for their metadata: {_named(untold, cloud)}",
                expected="at least one guest that asks, as those of the same templates elsewhere do",
                remedy=WEB_SERVER,
            )


CHECK = Check(
    title="Guests without network, by template",
    metrics=(GUESTS, RATIO, BY_ORIGIN, SUSPECTED, ROUTER_SILENT, UNSERVED, UNFETCHED, UNREAD, UNTOLD),
    remedies=(LINT, ROUTER, PUSH, SCRIPT, WEB_SERVER),
    groups=(GroupJudge(ZoneGroup, judge, NEEDS),),
    reads=("listRouters", "listNetworks", "listVirtualMachines", "listHosts", "listTemplates"),
    judges_cloud=True,
)
