"""Whether guests fetch what their router keeps for them: a new password, and their metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import serving
from exporter.model import Question
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_REQUESTS
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, PASSWORD_PENDING_SECONDS
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
    """

    unfetched: Counter[str] = field(default_factory=Counter)
    fetched: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)


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
            if guest.nic.address in kept.requests.addresses:
                self.found.read[template] += 1
            elif min(kept.requests.seconds or 0.0, router.lifetime) >= guest.longest:
                self.found.unread[template] += 1


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
