"""Whom silence points at: the template, the router, or the place. Each is suspected against the others' guests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from exporter.thresholds import TEMPLATE_GUESTS, TEMPLATE_SILENT_RATIO
from exporter.topology.guest_states import Guest, State

Place = tuple[str, ...]
"""Where guests are: ("host", id), ("cell", host id, network id), ("network", id) or ("router", name)."""


def host_of(guest: Guest) -> Place:
    """Return the host as a place."""
    return ("host", guest.instance.host_id)


def cell_of(guest: Guest) -> Place:
    """Return the guest's network on its host as a place: what a VLAN that is missing there cuts off."""
    return ("cell", guest.instance.host_id, guest.network.id)


def network_of(guest: Guest) -> Place:
    """Return the network as a place."""
    return ("network", guest.network.id)


def router_of(guest: Guest) -> Place:
    """Return the router as a place."""
    return ("router", guest.router_name)


@dataclass(slots=True)
class Tally:
    """Fine and silent guests of a zone.

    Attributes:
        fine: how many at each place where somebody is silent, and there of each template and of each router.
        silent: likewise.
        fine_of: how many fine guests by template id.
        fine_behind: how many fine guests by name of their router.
        silent_of: the silent guests by template id.
        silent_behind: the silent guests by name of their router.
    """

    fine: Counter[tuple[Place, str]] = field(default_factory=Counter)
    silent: Counter[tuple[Place, str]] = field(default_factory=Counter)
    fine_of: Counter[str] = field(default_factory=Counter)
    fine_behind: Counter[str] = field(default_factory=Counter)
    silent_of: defaultdict[str, list[Guest]] = field(default_factory=lambda: defaultdict(list))
    silent_behind: defaultdict[str, list[Guest]] = field(default_factory=lambda: defaultdict(list))

    def others_fine(self, place: Place, own: str) -> int:
        """Return how many guests at a place are fine that are not of ``own``."""
        return self.fine[place, ""] - self.fine[place, own]

    def is_place_silent(self, place: Place, own: str) -> bool:
        """Return whether those at a place that are not of ``own`` are silent too, all of them: it is the place."""
        return self.others_fine(place, own) == 0 and self.silent[place, ""] > self.silent[place, own]


def tally(found: Iterable[Guest]) -> Tally:
    """Return the counts of the guests that are fine or silent; nothing is known of others.

    Fine guests are counted by place only where somebody is silent, which is nearly nowhere.
    """
    made, fine = Tally(), []
    hosts: set[str] = set()
    networks: set[str] = set()
    for guest in found:
        template, router = guest.instance.template_id, guest.router_name
        if guest.state is State.FINE:
            fine.append(guest)
            made.fine_of[template] += 1
            made.fine_behind[router] += 1
        elif guest.state is State.SILENT:
            made.silent_of[template].append(guest)
            made.silent_behind[router].append(guest)
            hosts.add(guest.instance.host_id)
            networks.add(guest.network.id)
            _count(made.silent, guest)
    routers = made.silent_behind.keys()
    for guest in fine:
        if guest.instance.host_id in hosts or guest.network.id in networks or guest.router_name in routers:
            _count(made.fine, guest)
    return made


def _count(counts: Counter[tuple[Place, str]], guest: Guest) -> None:
    for where in (host_of, cell_of, network_of, router_of):
        place = where(guest)
        counts[place, ""] += 1
        counts[place, guest.instance.template_id] += 1
    counts[host_of(guest), f"router {guest.router_name}"] += 1


def against_template(template: str, counts: Tally) -> list[Guest]:
    """Return the silent guests that speak against their template.

    Not those behind a router that serves no guest of another template well, nor those on a host, or in a network on a
    host, where guests of other templates are silent and none is fine.
    """
    return [
        guest
        for guest in counts.silent_of.get(template, ())
        if counts.others_fine(router_of(guest), template)
        and not counts.is_place_silent(host_of(guest), template)
        and not counts.is_place_silent(cell_of(guest), template)
    ]


def is_template_suspected(template: str, counts: Tally) -> bool:
    """Return whether most guests of a template are silent, and no single host or network makes it so.

    So more than half must be silent also without the host, and without the network, that has most of them.
    """
    silent = against_template(template, counts)
    fine = counts.fine_of[template]
    if len(silent) < TEMPLATE_GUESTS or len(silent) < TEMPLATE_SILENT_RATIO * (len(silent) + fine):
        return False
    return all(_holds_without(where, silent, fine, template, counts) for where in (host_of, network_of))


def _holds_without(
    where: Callable[[Guest], Place], silent: list[Guest], fine: int, template: str, counts: Tally
) -> bool:
    places = Counter(map(where, silent))
    largest, number = max(places.items(), key=lambda item: (item[1], item[0]))
    return len(silent) - number > fine - counts.fine[largest, template]


def against_router(router: str, counts: Tally) -> list[Guest]:
    """Return the silent guests behind a router that speak against it.

    Not those on a host where guests behind other routers are silent too, and none is fine.
    """
    return [
        guest
        for guest in counts.silent_behind.get(router, ())
        if not counts.is_place_silent(host_of(guest), f"router {router}")
    ]


def is_router_suspected(router: str, counts: Tally) -> bool | None:
    """Return whether the guests behind a router are silent whatever their template; None when too few are known.

    Guests of one template say so only where that template is fine elsewhere, and no single host can be the reason.
    """
    if counts.fine_behind[router]:
        return False
    silent = against_router(router, counts)
    templates = {guest.instance.template_id for guest in silent}
    if len(silent) < TEMPLATE_GUESTS or (len(templates) == 1 and not _is_elsewhere_fine(silent, counts)):
        return None
    return True


def _is_elsewhere_fine(silent: list[Guest], counts: Tally) -> bool:
    """Return whether most guests of the template of these are fine behind other routers; these are on several hosts."""
    template = silent[0].instance.template_id
    others = [one for one in counts.silent_of[template] if one.router_name != silent[0].router_name]
    fine = counts.fine_of[template]
    return fine >= TEMPLATE_GUESTS and fine > len(others) and len(set(map(host_of, silent))) > 1
