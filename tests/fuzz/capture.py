"""Writes what the lab answers to each question, to begin mutations with: ``python -m tests.fuzz.capture``.

The shortest whole answer with something in it is kept, because many mutations of a short text find more than a few of
a long one. Real answers of other rooms of ``tests/samples`` stand beside them, see :mod:`tests.fuzz.corpus`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from exporter.sources.ssh import Ssh
from tests.fuzz.corpus import LAB
from tests.watching import watching

LONGEST = 40_000


async def captured() -> dict[str, str]:
    """Return the kept answer of each question that some machine of the lab answered."""
    found: dict[str, str] = {}
    collect = Ssh.collect

    async def recording(self: Ssh, *given: Any, **more: Any) -> Any:
        collected = await collect(self, *given, **more)
        for name, section in collected.sections.items():
            if section.code == 0 and not section.cut and _score(section.text) > _score(found.get(name, "")):
                found[name] = section.text
        return collected

    Ssh.collect = recording  # type: ignore[method-assign]
    async with watching() as watch:
        await watch.look(2)
    return found


def _score(text: str) -> tuple[bool, bool, int]:
    return bool(text.strip()), len(text) <= LONGEST, len(text) if len(text) <= LONGEST else -len(text)


if __name__ == "__main__":
    for question, answer in sorted(asyncio.run(captured()).items()):
        (LAB / question).write_text(answer)
