"""The findings as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any

import aiohttp

from exporter.findings import Finding, Snapshot
from exporter.web import as_json
from exporter.web.as_json import findings_json

Makers = dict[str, Callable[[], Snapshot]]


def test_the_schema_is_the_documented_one(snapshots: Makers) -> None:
    """Version 1 has exactly these fields; the docstring names every one."""
    shown = json.loads(findings_json(snapshots["busy"]()))
    assert shown["schema"] == "cloudstack-network-exporter/findings"
    assert shown["version"] == 1
    fields = {
        *shown,
        *shown["tiles"][0],
        *shown["findings"][0],
        *shown["blind"][0],
    }
    assert set(shown) == {"schema", "version", "at", "inventory_at", "notices", "tiles", "findings", "blind"}
    assert {field for field in fields if f'"{field}"' not in (as_json.__doc__ or "")} == set()


def test_everything_of_the_snapshot_is_there(snapshots: Makers) -> None:
    """Nothing is cut, however much there is."""
    shown = json.loads(findings_json(snapshots["big"]()))
    assert (len(shown["findings"]), len(shown["blind"]), len(shown["tiles"])) == (900, 4000, 10)
    assert shown["tiles"][8]["objects"] == {
        "healthy": 1900,
        "problem": 4,
        "unknown": 24,
        "accepted": 1,
        "not_configured": 0,
    }
    assert shown["findings"][0]["issue"] == "password_reset"


def test_hostile_values_are_still_json(make_finding: Callable[..., Finding]) -> None:
    """Lone surrogates, control characters, NaN and read-only mappings end in valid JSON."""
    labels = MappingProxyType({"router": "r\udc80\x00"})
    hostile = make_finding(seen='\ud800"</script>\n', value=math.nan, labels=labels)
    shown = json.loads(findings_json(Snapshot(at=1.0, tiles=(), findings=(hostile,))))
    assert shown["findings"][0]["seen"] == '\ufffd"</script>\ufffd'
    assert shown["findings"][0]["labels"] == {"router": "r\ufffd\ufffd"}
    assert shown["findings"][0]["value"] is None


async def test_served(served: Callable[..., AbstractAsyncContextManager[Any]], snapshots: Makers) -> None:
    """It is served as JSON."""
    async with (
        served(snapshots["busy"]()) as exporter,
        aiohttp.ClientSession() as session,
        session.get(f"{exporter.url}/findings.json") as answer,
    ):
        assert answer.content_type == "application/json"
        assert len((await answer.json())["findings"]) == 6
