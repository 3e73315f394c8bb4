"""The findings as JSON, for scripts and other pages.

``GET /findings.json`` answers with one object::

    {"schema": "cloudstack-network-exporter/findings",
     "version": 1,                    grows when a field changes its meaning or goes
     "at": 1789948800.0,              unix time of this snapshot
     "inventory_at": 1789948740.0,    unix time of the last complete reading of CloudStack, 0 for never
     "notices": ["..."],
     "tiles": [{"issue", "number", "title", "state", "objects": {verdict: number}, "oldest"}],
     "findings": [{"issue", "check", "metric", "help", "zone", "subject_kind", "subject", "labels", "value",
                   "seen", "expected", "since", "at_least", "at", "remedies", "accepted", "accepted_until",
                   "because"}],      metric and label values of the finding that is its cause, [] for none
     "blind": [{"issues", "zone", "subject_kind", "subject", "what", "reason", "detail", "setting", "since"}]}

The fields are those of ``exporter.findings``, where they are explained. Times are unix seconds; a
number that is not finite is null. New fields may come without a new version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from exporter.findings import Snapshot
from exporter.page import printable

_TEXT_LENGTH = 2000  # characters, as on the page
_SCHEMA = "cloudstack-network-exporter/findings"


def findings_json(snapshot: Snapshot) -> str:
    """Return the snapshot as JSON in ASCII."""
    return json.dumps({"schema": _SCHEMA, "version": 1, **_plain(snapshot)}, allow_nan=False)


def _plain(thing: Any) -> Any:
    """Return a value as JSON knows it, its text made printable."""
    if is_dataclass(thing):
        return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, Mapping):
        return {_plain(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple):
        return [_plain(one) for one in thing]
    if isinstance(thing, str):
        return printable(thing, _TEXT_LENGTH)
    return None if isinstance(thing, float) and not isfinite(thing) else thing
