"""Whether guests fetch what their router keeps for them: a new password, and their metadata."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from exporter.checks.templates.guest_evidence import Evidence
from exporter.checks.templates.guest_states import Guest, State
from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import serving
from exporter.model import Question
from exporter.questions.password import PASSWORD_PENDING, PASSWORD_REQUESTS
from exporter.questions.router import ROUTER_IDENTITY
from exporter.questions.router_guest_requests import ROUTER_GUEST_REQUESTS
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, PASSWORD_PENDING_SECONDS

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


class Services:
    """What routers keep for their guests, looked up once for each router."""

    def __init__(self, cloud: Cloud) -> None:
        self.found = Fetching()
        self._cloud = cloud
        self._pending: dict[str, dict[str, int] | None] = {}

    def add(self, guest: Guest) -> None:
        """Count a guest whose network has the services of its router; of a silent one nothing more is to be said."""
        router, template = guest.router, guest.instance.template_id
        if router is None or guest.state is State.SILENT or not guest.network.served_by_router("UserData"):
            return
        if guest.instance.password_enabled:
            has_fetched = self._has_fetched(guest, router)
            if has_fetched is not None:
                (self.found.fetched if has_fetched else self.found.unfetched)[template] += 1
        if guest.state is State.FINE:
            has_read = _has_read(guest, router)
            if has_read is not None:
                (self.found.read if has_read else self.found.unread)[template] += 1

    def _has_fetched(self, guest: Guest, router: Evidence) -> bool | None:
        """Return whether a guest asked for its password; None where that is not known, or too early to say.

        A password that is not pending was acknowledged, unless it was lost with a router younger than the guest.
        """
        pending, sent = self._pending_of(router), router.answers.get(PASSWORD_REQUESTS)
        if pending is None or sent is None:
            return None
        if guest.nic.address in sent:
            return True
        seconds = pending.get(guest.nic.address)
        created = guest.instance.created
        if seconds is None or (created is not None and router.answers.now - seconds < created):
            return True if _lifetime(router) >= guest.longest else None
        held = router.answers.held("pending", guest.instance.id)
        if held.seconds < INSTANCE_SETTLES_SECONDS:
            return None  # its machine may have been started just now, with a password from before
        age = max(held.seconds, float(seconds)) if held.at_least else held.seconds
        return False if age > PASSWORD_PENDING_SECONDS else None

    def _pending_of(self, router: Evidence) -> dict[str, int] | None:
        """Return by address how long ago the file that holds a password was changed; None when that was not told."""
        name = router.target.name
        if name not in self._pending:
            self._pending[name] = _pending(router, self._cloud)
        return self._pending[name]


def _pending(router: Evidence, cloud: Cloud) -> dict[str, int] | None:
    files = router.answers.get(PASSWORD_PENDING)
    if files is None:
        return None
    ours = {f"passwords-{one.address}" for one in serving(router.target.router, cloud) if one.password} | {"passwords"}
    newest_last = sorted((file for file in files if file.name in ours), key=lambda file: -file.seconds)
    return {address: file.seconds for file in newest_last for address in file.addresses}


def _lifetime(router: Evidence) -> float:
    """Return for how many seconds the router has been there and up, 0 when that is not known."""
    identity, created = router.answers.get(ROUTER_IDENTITY), router.target.router.created
    if identity is None:
        return 0.0
    return identity.uptime if created is None else min(identity.uptime, router.answers.now - created)


def _has_read(guest: Guest, router: Evidence) -> bool | None:
    """Return whether a guest asked for metadata; None where the log does not reach back to its start."""
    told = router.answers.get(ROUTER_GUEST_REQUESTS)
    if told is None:
        return None
    if guest.nic.address in told.addresses:
        return True
    covers = min(told.seconds or 0.0, _lifetime(router))
    return False if covers >= guest.longest else None
