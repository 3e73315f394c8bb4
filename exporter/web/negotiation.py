"""Which format and encoding a scraper gets, from its Accept and Accept-Encoding headers.

Headers that make no sense are skipped entry by entry; what is left always ends in an answer, at last
in text 0.0.4 without compression, because a scraper with a strange header still wants its data.

**Source**: prometheus.io/docs/instrumenting/content_negotiation, RFC 9110 section 12.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_NUMBER = re.compile(r"(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")
_ENTRIES = 32  # more than any scraper sends; the rest of a longer header is not read


class Format(StrEnum):
    """The formats that are served; the value is the Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"


_VERSIONS = {Format.TEXT: ("text/plain", "0.0.4"), Format.OPENMETRICS: ("application/openmetrics-text", "1.0.0")}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One element of such a header: its value in lower case, its weight, its other parameters."""

    value: str
    weight: float
    parameters: dict[str, str] = field(default_factory=dict)


def choose_format(accept: str) -> Format:
    """Return the format that an Accept header prefers; of equals text, which is also the last resort."""
    entries = list(_entries(accept))
    weights = {form: _format_weight(form, entries) for form in Format}
    return Format.OPENMETRICS if weights[Format.OPENMETRICS] > weights[Format.TEXT] else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip and does not prefer the uncompressed page."""
    weights = {entry.value.removeprefix("x-"): entry.weight for entry in _entries(accept_encoding)}
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _format_weight(form: Format, entries: list[_Entry]) -> float:
    """Return the weight of the entry that names ``form`` most precisely, 0 when none matches."""
    media, version = _VERSIONS[form]
    matches = [
        (len(_ranges(media)) - _ranges(media).index(entry.value), "version" in entry.parameters, entry.weight)
        for entry in entries
        if entry.value in _ranges(media) and entry.parameters.get("version", version) == version
    ]
    return max(matches)[2] if matches else 0.0


def _ranges(media: str) -> tuple[str, str, str]:
    """Return the media ranges that match a media type, the most precise first."""
    return media, f"{media.partition('/')[0]}/*", "*/*"


def _entries(header: str) -> Iterator[_Entry]:
    """Yield the elements of a header; those with a weight that is no weight are skipped."""
    for element in header.split(",", _ENTRIES)[:_ENTRIES]:
        value, *rest = (part.strip() for part in element.lower().split(";"))
        parameters = {name.strip(): word.strip().strip('"') for name, _, word in (part.partition("=") for part in rest)}
        weight = parameters.pop("q", "1")
        if value and _NUMBER.fullmatch(weight):
            yield _Entry(value, float(weight), parameters)
