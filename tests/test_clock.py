"""Slices of time: who works long lets others in, and not after every step."""

from __future__ import annotations

import asyncio

import pytest

from exporter.clock import Slices


@pytest.mark.parametrize(("seconds", "turns"), [(0.0, 3), (3600.0, 0)])
async def test_others_go_on_when_a_slice_is_over_and_not_before(seconds: float, turns: int) -> None:
    """After each step where slices are of no length; never within one."""
    seen = 0

    async def other() -> None:
        nonlocal seen
        while True:
            seen += 1
            await asyncio.sleep(0)

    slices, task = Slices(seconds), asyncio.create_task(other())
    for _ in range(3):
        await slices.rest()
    assert seen == turns
    task.cancel()
