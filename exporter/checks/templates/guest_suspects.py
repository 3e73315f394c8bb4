"""Whom silence points at: the template, the router, or the place. Each is suspected against the others' guests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from exporter.checks.templates.guest_states import Guest, State
from exporter.thresholds import TEMPLATE_GUESTS, TEMPLATE_SILENT_RATIO

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


PLACES: tuple[Callable[[Guest], Place], ...] = (host_of, cell_of, network_of, router_of)


@dataclass(slots=True)
class Tally:
    """Fine and silent guests of a zone: at each place, and there of each template and of each router.

    Attributes:
        silent_of: the silent guests by template id.
        silent_behind: the silent guests by name of their router.
    """

    fine: Counter[tuple[Place, str]] = field(default_factory=Counter)
    silent: Counter[tuple[Place, str]] = field(default_factory=Counter)
    silent_of: defaultdict[str, list[Guest]] = field(default_factory=lambda: defaultdict(list))
    silent_behind: defaultdict[str, list[Guest]] = field(default_factory=lambda: defaultdict(list))

    def add(self, guest: Guest) -> None:
        """Count a guest that is fine or silent; nothing is known of others."""
        template, router = guest.instance.template_id, guest.router_name
        if guest.state is State.SILENT:
            counts = self.silent
            self.silent_of[template].append(guest)
            self.silent_behind[router].append(guest)
        elif guest.state is State.FINE:
            counts = self.fine
        else:
            return
        counts[(), template] += 1
        for where in PLACES:
            place = where(guest)
            counts[place, ""] += 1
            counts[place, template] += 1
        counts[host_of(guest), f"router {router}"] += 1

    def others_fine(self, place: Place, own: str) -> int:
        """Return how many guests at a place are fine that are not of ``own``."""
        return self.fine[place, ""] - self.fine[place, own]

    def is_place_silent(self, place: Place, own: str) -> bool:
        """Return whether those at a place that are not of ``own`` are silent too, all of them: it is the place."""
        return self.others_fine(place, own) == 0 and self.silent[place, ""] > self.silent[place, own]


def tally(found: Iterable[Guest]) -> Tally:
    """Return the counts of these guests."""
    made = Tally()
    for guest in found:
        made.add(guest)
    return made


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
    fine = counts.fine[(), template]
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
    """Return whether the guests behind a router are silent whatever their template; None when too few are known."""
    if counts.fine[("router", router), ""]:
        return False
    silent = against_router(router, counts)
    if len(silent) < TEMPLATE_GUESTS or len({guest.instance.template_id for guest in silent}) < 2:
        return None
    return True
