"""A number of places that may change while they are in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Places:
    """Lets ``limit`` in at once; whoever is inside stays when the limit falls."""

    limit: int
    inside: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.inside < self.limit)
            self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            async with self._changed:
                self._changed.notify_all()
