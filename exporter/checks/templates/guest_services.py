"""Whether guests fetch what their router keeps for them: a new password, and their metadata."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import serving
from exporter.model import Question
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_REQUESTS
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from exporter.thresholds import (
    INSTANCE_SETTLES_SECONDS,
    PASSWORD_PENDING_SECONDS,
    TEMPLATE_GUESTS,
    WINDOWS_SETTLES_SECONDS,
)
from exporter.topology.guest_evidence import Evidence
from exporter.topology.guest_states import Guest, State

ASKED: tuple[Question[Any], ...] = (PASSWORD_PENDING, PASSWORD_REQUESTS, ROUTER_GUEST_REQUESTS)
"""The questions whose answers tell it."""


@dataclass(slots=True)
class Fetching:
    """Guests by template id: who did and who never did.

    Attributes:
        unfetched: never asked for a password that has long been pending.
        fetched: asked for it, or got it and acknowledged it.
        unread: never asked for metadata though they answer on the network.
        read: asked for it.
        unread_at: like ``unread``, by name of the router and template id.
        read_at: how many asked each router, by its name.
        new_at: by name of the router those that never asked it for metadata since they were made.
    """

    unfetched: Counter[str] = field(default_factory=Counter)
    fetched: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    unread_at: Counter[tuple[str, str]] = field(default_factory=Counter)
    read_at: Counter[str] = field(default_factory=Counter)
    new_at: defaultdict[str, list[Guest]] = field(default_factory=lambda: defaultdict(list))

    def untold(self, router: str) -> list[Guest] | None:
        """Return the guests that speak against a router: none of its guests ever read, most of their templates do.

        None where too few are known.
        """
        if self.read_at[router]:
            return []
        found = [one for one in self.new_at.get(router, ()) if self._reads_elsewhere(one.instance.template_id, router)]
        return found if len(found) >= TEMPLATE_GUESTS else None

    def _reads_elsewhere(self, template: str, router: str) -> bool:
        unread = self.unread[template] - self.unread_at[router, template]
        return self.read[template] >= TEMPLATE_GUESTS and self.read[template] > unread


@dataclass(frozen=True, slots=True)
class Kept:
    """What one router keeps for its guests, and who asked for it.

    Attributes:
        pending: by address how long ago the file that holds a password was changed.
        sent: to whom a password was sent.
        requests: who asked for metadata.
    """

    pending: Mapping[str, int] | None
    sent: frozenset[str] | None
    requests: GuestRequests | None


class Services:
    """Counts who fetches; what a router keeps is looked up once."""

    def __init__(self, cloud: Cloud) -> None:
        self.found = Fetching()
        self._cloud = cloud
        self._kept: dict[str, Kept] = {}

    def add(self, guest: Guest) -> None:
        """Count a guest whose network has the services of its router; of a silent one nothing more is to be said."""
        router, template = guest.router, guest.instance.template_id
        if router is None or guest.state is State.SILENT or not guest.has_data:
            return
        kept = self._kept.get(guest.router_name)
        if kept is None:
            kept = self._kept[guest.router_name] = _kept(router, self._cloud)
        if guest.instance.password_enabled:
            has_fetched = _has_fetched(guest, router, kept)
            if has_fetched is not None:
                (self.found.fetched if has_fetched else self.found.unfetched)[template] += 1
        if guest.state is State.FINE and kept.requests is not None:
            self._add_reader(guest, router, kept.requests)

    def _add_reader(self, guest: Guest, router: Evidence, requests: GuestRequests) -> None:
        template, name = guest.instance.template_id, guest.router_name
        covers = min(requests.seconds or 0.0, router.lifetime)
        if guest.nic.address in requests.addresses:
            self.found.read[template] += 1
            self.found.read_at[name] += 1
            return
        if covers >= guest.longest:
            self.found.unread[template] += 1
            self.found.unread_at[name, template] += 1
        if _is_new(guest, router, covers):
            self.found.new_at[name].append(guest)


def _is_new(guest: Guest, router: Evidence, covers: float) -> bool:
    """Return whether a guest was made since the router's log begins, and has long come up.

    An older one may have been told by its user not to ask again, and of a pair the other router may have been asked.
    """
    created, role = guest.instance.created, router.answers.get(ROUTER_REDUNDANCY)
    if created is None or role is not Role.ALONE:
        return False
    return WINDOWS_SETTLES_SECONDS <= router.answers.now - created <= covers


def _kept(router: Evidence, cloud: Cloud) -> Kept:
    files, answers = router.answers.get(PASSWORD_PENDING), router.answers
    pending: dict[str, int] | None = None
    if files is not None:
        served = {f"passwords-{one.address}" for one in serving(router.target.router, cloud) if one.password}
        ours = (file for file in files if file.name in served | {"passwords"})
        newest_last = sorted(ours, key=lambda file: -file.seconds)
        pending = {address: file.seconds for file in newest_last for address in file.addresses}
    return Kept(pending, answers.get(PASSWORD_REQUESTS), answers.get(ROUTER_GUEST_REQUESTS))


def _has_fetched(guest: Guest, router: Evidence, kept: Kept) -> bool | None:
    """Return whether a guest asked for its password; None where that is not known, or too early to say.

    A password that is not pending was acknowledged, unless it was lost with a router younger than the guest.
    """
    if kept.pending is None or kept.sent is None:
        return None
    if guest.nic.address in kept.sent:
        return True
    seconds, created = kept.pending.get(guest.nic.address), guest.instance.created
    if seconds is None or (created is not None and router.answers.now - seconds < created):
        return True if router.lifetime >= guest.longest else None
    held = router.answers.held("pending", guest.instance.id)
    if held.seconds < INSTANCE_SETTLES_SECONDS:
        return None  # its machine may have been started just now, with a password from before
    age = max(held.seconds, float(seconds)) if held.at_least else held.seconds
    return False if age > PASSWORD_PENDING_SECONDS else None
