"""Who holds the newest Cloud. It has no timer: the engine calls it."""

from __future__ import annotations

from exporter.clock import Clock
from exporter.cloud.cloud import Cloud
from exporter.inventory.refresh import refresh
from exporter.model import Failure, Reason, SourceError
from exporter.sources.cloudstack import CloudStack


class Inventory:
    """The newest complete Cloud, and what stands in the way of a newer one.

    Attributes:
        api: where it is read from.
        cloud: swapped whole, never changed; None before the first complete refresh.
        failure: why the last refresh failed, None when it did not.
        failed_since: unix time of the first failure in an unbroken row, 0 when the last refresh succeeded.
    """

    def __init__(self, api: CloudStack, clock: Clock, lifetime: float) -> None:
        """Hold nothing yet; each Cloud expires ``lifetime`` seconds after its refresh began."""
        self.api = api
        self._clock = clock
        self._lifetime = lifetime
        self.cloud: Cloud | None = None
        self.failure: Failure | None = None
        self.failed_since = 0.0

    async def refresh_once(self) -> bool:
        """Read a new Cloud and return True; when that fails keep the old one and return False."""
        generation = self.cloud.generation + 1 if self.cloud else 1
        try:
            cloud = await refresh(self.api, self._clock, generation, self._lifetime, self.cloud)
        except SourceError as error:
            self.failure = Failure(error.reason, error.detail)
            self.failed_since = self.failed_since or self._clock.unix()
            return False
        self.cloud, self.failure, self.failed_since = cloud, None, 0.0
        return True

    def trouble(self) -> tuple[Failure, float] | None:
        """Return why what CloudStack tells is not to be relied on and since when (unix time), None when it is.

        Either the last refresh failed, or the Cloud has ended while the next one is read, which may take long.
        """
        if self.failure is not None:
            return self.failure, self.failed_since
        if self.cloud is None or self._clock.boot() < self.cloud.expires:
            return None
        past = self._clock.boot() - self.cloud.expires
        words = f"the inventory is past its {self._lifetime:g} s, and the next is not complete"
        return Failure(Reason.TIMEOUT, words), self._clock.unix() - past
