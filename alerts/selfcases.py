"""The cases of conditions written by hand: what changes on a healthy page, and what then happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alerts.cases import GONE, HOUR, INSTANCE, JOB, SETTLED, Case, Series
from alerts.rules import Rule

OWN = "cloudstack_network_exporter_"
OF_ISSUES = "cloudstack_network_"
HEALTHY = {
    'build_info{version="0.1.0", python="3.11.2"}': "1",
    "inventory_up{}": "1",
    'inventory_objects{kind="router"}': "100",
    'inventory_objects{kind="host"}': "10",
    'interval_seconds{kind="router"}': "300",
    'interval_seconds{kind="host"}': "60",
    'target_up{kind="router", zone="zone-1", target="r-1-VM"}': "1",
    'target_up{kind="router", zone="zone-1", target="r-2-VM"}': "1",
    **{f'target_up{{kind="host", zone="zone-1", target="kvm-{number}"}}': "1" for number in range(1, 6)},
    'target_last_success_timestamp_seconds{kind="router", zone="zone-1", target="r-1-VM"}': "0+60",
    'target_last_success_timestamp_seconds{kind="router", zone="zone-1", target="r-2-VM"}': "0+60",
    'question_failures_total{reason="auth"}': "3",
    'question_failures_total{reason="host_key"}': "3",
    'question_failures_total{reason="timeout"}': "3",
    'api_request_failures_total{reason="auth"}': "3",
    "internal_errors_total{}": "0",
    "event_loop_lag_seconds{}": "0.01",
    "accept_entries_unmatched{}": "0",
}
"""The page of a healthy exporter: name and labels after the prefix -> value, or start+rise each minute."""
WARM = 30  # healthy minutes before the fault
LATE = 20  # minutes after ``for`` until counters and ages show it too


def cases(rule: Rule) -> Iterator[Case]:
    """Yield every case of a rule; none where no page can bring it to fire: its tests are written by hand."""
    row = rule.row
    if not row.fires:
        return
    wrong = {name.removeprefix(OWN): value for name, value in row.fires}
    fired = WARM + row.hold + LATE
    event, over = fired + SETTLED, fired + SETTLED + row.keep + LATE
    last = event + 2 * HOUR

    def case(name: str, *parts: tuple[Mapping[str, str] | None, int], **when: tuple[int, ...]) -> Case:
        return Case(name=name, series=_page(*parts), **when)

    good: dict[str, str] = {}
    near = {name.removeprefix(OWN): value for name, value in row.quiet}
    yield case("fires", (good, WARM), (wrong, last), firing=(fired, last), silent=(WARM, WARM + row.hold - 1))
    yield case("quiet", (good, WARM), (near, last), silent=tuple(range(0, last, 10)))
    yield case("resolves", (good, WARM), (wrong, event - WARM), (good, 2 * HOUR), firing=(event,), silent=(over,))
    yield case(
        "exporter restarts while firing",
        *((good, WARM), (wrong, event - WARM), (None, 3), (wrong, 2 * HOUR)),
        firing=tuple(range(event, last, 5)),
    )
    away = event + row.keep - 1
    yield case(
        "goes blind while firing",
        *((good, WARM), (wrong, event - WARM), (None, 2 * HOUR)),
        firing=tuple(range(event, away, 5)),
    )
    down = {**wrong, "inventory_up{}": "0"}
    yield case(
        "API down for an hour while firing",
        *((good, WARM), (wrong, event - WARM), (down, HOUR), (wrong, HOUR)),
        firing=tuple(range(event, last, 5)),
    )


def _page(*parts: tuple[Mapping[str, str] | None, int]) -> dict[str, Series]:
    """Return the series of a page that changes: what differs and for how many minutes; None is no page at all."""
    names = dict.fromkeys([*HEALTHY, *(name for changes, _ in parts for name in changes or ())])
    return {_selector(name): _series(name, parts) for name in names}


def _series(name: str, parts: tuple[tuple[Mapping[str, str] | None, int], ...]) -> Series:
    found: Series = []
    clock = 0
    for changes, minutes in parts:
        if changes is None:
            found += [(GONE, 1), ("_", minutes - 1)]
        else:
            value = changes.get(name, HEALTHY.get(name, "_"))
            found.append((f"{clock * 60}+60" if value == "0+60" else value, minutes))
        clock += minutes
    return found


def _selector(name: str) -> str:
    labels = f'job="{JOB}", instance="{INSTANCE}"'
    return ("" if name.startswith(OF_ISSUES) else OWN) + name.replace("{", "{" + labels + ", ").replace(", }", "}")
