"""One lab and one exporter for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from exporter.lab.database.server import PROGRAMS
from exporter.lab.images import PROGRAMS as IMAGE_PROGRAMS
from tests.real_parts import require
from tests.watching import Watch, watching


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watch() -> AsyncIterator[Watch]:
    """Begin healthy, with a database; a test that breaks something mends it. What was changed is asked again."""
    require(*PROGRAMS, *IMAGE_PROGRAMS)
    async with watching(remembers=True, database=True, images=True) as both:
        yield both
