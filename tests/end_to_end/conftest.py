"""One lab and one exporter for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.watching import Watch, watching


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watch() -> AsyncIterator[Watch]:
    """Begin healthy; a test that breaks something mends it. Hosts are asked again when they were changed."""
    async with watching(remembers=True) as both:
        yield both
