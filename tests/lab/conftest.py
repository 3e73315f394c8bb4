"""One healthy lab for the tests of a module; a test that breaks something mends it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from exporter.lab import Lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    """Run a small lab in sudo mode."""
    async with Lab() as running:
        yield running
