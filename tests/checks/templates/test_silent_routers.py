"""Routers all of whose guests are silent, and those that only look so."""

from __future__ import annotations

import pytest

from tests.checks.templates.guest_places import SPREAD, G, silent_routers, suspected, verdict


def test_a_router_all_of_whose_guests_are_silent() -> None:
    """Whatever their template: it is the router, and no template is suspected."""
    silent = (*SPREAD[:2], G("t2", 1, 3, fine=False))
    found = verdict(*silent, *(G(one, 2, on) for one in ("t1", "t2") for on in (1, 2, 3)))
    assert silent_routers(found) == ["r-1-VM"]
    assert suspected(found) == []
    (sample,) = [one for one in found if one.metric.name.endswith("router_silent") and one.value]
    assert sample.seen.startswith("3 guests of 2 templates silent: vm10 (")


EQUAL = tuple(G("t1", 1, on, fine=False) for on in (1, 2, 3))
"""Guests of one template behind one router, all silent."""
ELSEWHERE = tuple(G("t1", 2, on) for on in (1, 2, 3))
"""Guests of the same template, fine behind another router."""


def test_a_router_with_guests_of_one_template_only() -> None:
    """Three of the same template are fine behind another router: it is this router, not the template."""
    found = verdict(*EQUAL, *ELSEWHERE)
    assert silent_routers(found) == ["r-1-VM"]
    assert suspected(found) == []
    (sample,) = [one for one in found if one.metric.name.endswith("router_silent") and one.value]
    assert sample.seen.startswith("3 guests of 1 template silent: vm10 (")


@pytest.mark.parametrize(
    "silent",
    [
        (*SPREAD[:2], G("t2", 1, 3)),
        (G("t1", 1, 1, fine=False), G("t2", 1, 2, fine=False)),
        EQUAL,
        (*EQUAL, *ELSEWHERE[:2]),
        (*EQUAL, *ELSEWHERE, *(one._replace(network=3) for one in EQUAL)),
        (*(one._replace(on=1) for one in EQUAL), *ELSEWHERE),
    ],
    ids=[
        "one-is-heard", "two-guests", "template-nowhere-else", "template-hardly-elsewhere", "template-silent-elsewhere",
        "template-on-one-host",
    ],
)  # fmt: skip
def test_what_is_no_silent_router(silent: tuple[G, ...]) -> None:
    """One that is heard; too few; guests of one template of which little else is known, or that are on one host."""
    assert silent_routers(verdict(*silent, *(G("t3", 4, on) for on in (1, 2, 3)))) == []
