"""Metrics of an invented check, and a page that holds them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exporter.model import Kind, Metric
from exporter.page import Page
from tests.clocks import HandClock

UP = Metric(
    "cloudstack_network_thing_up",
    'Whether the "thing" answers, asked by a \\ probe.',
    labels=("zone", "thing"),
)
ERRORS = Metric(
    "cloudstack_network_thing_errors_total", "Errors of the thing, from its log.", labels=("zone",), kind=Kind.COUNTER
)
COUNT = Metric("cloudstack_network_things", "Number of things, from CloudStack.")


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that the test turns."""
    return HandClock()


@pytest.fixture
def up() -> Metric:
    """Return a gauge with two labels."""
    return UP


@pytest.fixture
def errors() -> Metric:
    """Return a counter with one label."""
    return ERRORS


@pytest.fixture
def count() -> Metric:
    """Return a gauge without labels."""
    return COUNT


@pytest.fixture
def make_page(clock: HandClock) -> Callable[..., Page]:
    """Return the maker of an empty page."""

    def make(**settings: object) -> Page:
        return Page(clock, (UP, ERRORS, COUNT), **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def page(make_page: Callable[..., Page]) -> Page:
    """Return an empty page."""
    return make_page()
