"""What people must know about the exporter itself, as lines for the findings page and the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from exporter.config import Accept
from exporter.inventory.keeper import Inventory


def about_inventory(inventory: Inventory, url: str) -> Iterator[str]:
    """Yield a line when CloudStack cannot be read, or not in time."""
    trouble = inventory.trouble()
    if trouble is None:
        return
    failure, at = trouble
    since = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    shown = "What is shown rests on an older inventory." if inventory.cloud else f"Nothing is known yet; tried {url}."
    yield f"CloudStack's API has not been readable since {since} ({failure.reason}: {failure.detail}). {shown}"


def about_accept(unmatched: Iterable[Accept], today: date) -> Iterator[str]:
    """Yield a line for each accept entry that is past its date or matches no finding."""
    for entry in unmatched:
        matchers = ", ".join(f'{m.label}{m.operator}"{m.value}"' for m in entry.matchers)
        what = f"The accept entry for {entry.metric}{{{matchers}}}"
        if entry.until < today:
            yield f"{what} is past its date, {entry.until}: remove or renew it."
        else:
            yield f"{what} matches no finding: remove it, or mend its matchers."
