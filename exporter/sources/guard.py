"""The guard of one target: a circuit breaker with a growing pause, and the one log line per change."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from exporter.model import Failure

FAILURES_BEFORE_PAUSE = 3
LONGEST_PAUSE = 900.0  # seconds: a machine that comes back is seen within a quarter of an hour

log = logging.getLogger("exporter.guard")


@dataclass(slots=True)
class Guard:
    """Remembers how the visits of one target went.

    Attributes:
        name: kind and name of the target, for the log.
        interval: seconds between its visits.
        failures: failed visits in a row.
        paused_until: boot-clock time before which it is left alone.
    """

    name: str
    interval: float
    failures: int = 0
    paused_until: float = 0.0
    _last: Failure | None = field(default=None)

    def is_paused(self, now: float) -> bool:
        """Return whether the target is to be left alone at boot-clock time ``now``."""
        return now < self.paused_until

    def resume(self) -> None:
        """End the pause: what has failed was another way to the target."""
        self.paused_until = 0.0

    def succeeded(self) -> None:
        """Note a visit that brought answers."""
        if self._last is not None:
            log.info("%s answers again after %d failed visits", self.name, self.failures)
        self.failures, self.paused_until, self._last = 0, 0.0, None

    def failed(self, failure: Failure, now: float) -> None:
        """Note a visit that brought none; the pause doubles with each one after the first three."""
        self.failures += 1
        if self._last is None or self._last.reason is not failure.reason:
            log.warning("%s cannot be visited: %s %s", self.name, failure.reason, failure.detail)
        self._last = failure
        extra = self.failures - FAILURES_BEFORE_PAUSE
        if extra >= 0:
            self.paused_until = now + min(self.interval * 2 ** min(extra, 10), LONGEST_PAUSE)
