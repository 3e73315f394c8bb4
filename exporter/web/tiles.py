"""The ten tiles: one glance from across the room."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.findings import Snapshot, Tile, Verdict
from exporter.web.grouping import View
from exporter.web.html import Html, element
from exporter.web.shell import symbol
from exporter.web.words import STATES, age, count, state

_COUNTED = (Verdict.PROBLEM, Verdict.UNKNOWN, Verdict.ACCEPTED, Verdict.NOT_CONFIGURED, Verdict.HEALTHY)


def tiles(snapshot: Snapshot, shown: View) -> Html:
    """Return the tiles in the order of the issues; places never change, whatever the states."""
    ordered = sorted(snapshot.tiles, key=lambda tile: tile.number)
    return element("nav", [_tile(tile, snapshot.at, shown) for tile in ordered], class_="tiles", aria_label="Issues")


def _tile(tile: Tile, now: float, shown: View) -> Html:
    """Return one tile: number and title, symbol and word, objects by verdict, age of the data."""
    look = state(tile.state)
    chosen = shown.issue == tile.issue
    return element(
        "a",
        element("span", element("b", tile.number), " ", tile.title, class_="title"),
        element("span", symbol(look), STATES[look], class_="state"),
        element("span", list(_objects(tile)), class_="objects"),
        element("span", _data_age(tile, now), class_="age"),
        class_=f"tile {look}",
        id=f"tile-{tile.issue}",
        href=shown.link(issue="" if chosen else tile.issue) + "#findings",
        aria_current="true" if chosen else "",
    )


def _objects(tile: Tile) -> Iterator[Html]:
    """Yield the number of objects per verdict, the ones to act on first; zeros are left out."""
    for verdict in _COUNTED:
        if number := tile.objects.get(verdict, 0):
            word = count(number, "problem") if verdict is Verdict.PROBLEM else f"{number:,} {STATES[verdict].lower()}"
            yield element("span", word, class_="count")


def _data_age(tile: Tile, now: float) -> str:
    """Return how old the oldest answer behind the tile is."""
    return f"data {age(now - tile.oldest)} old" if tile.oldest else "no data"
