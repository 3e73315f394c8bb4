"""What most have, and who differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.topology.majority import majority, odd_ones


def test_one_of_three_differs() -> None:
    """Two of three are a majority."""
    values = {"a": "x", "b": "x", "c": "y"}
    assert majority(values) == "x"
    assert odd_ones(values) == ("c",)


def test_two_that_differ_have_no_majority() -> None:
    """Nobody can say which of them is wrong; nor of one alone, or of none."""
    for values in ({"a": "x", "b": "y"}, {"a": "x"}, {}, {"a": "x", "b": "x"}):
        assert majority(values) is None
        assert odd_ones(values) == ()


def test_half_is_no_majority() -> None:
    """Nor is the largest of many small camps."""
    assert odd_ones({"a": "x", "b": "x", "c": "y", "d": "y"}) == ()
    assert odd_ones({"a": "x", "b": "x", "c": "y", "d": "z", "e": "w"}) == ()


def test_none_may_be_the_value_of_most() -> None:
    """Then nobody is called odd: no value is no value to compare with."""
    assert odd_ones({"a": None, "b": None, "c": 30}) == ()


@given(st.dictionaries(st.integers(), st.integers(0, 3)))
def test_the_odd_ones_are_fewer_than_half(values: dict[int, int]) -> None:
    """And all of them differ from one and the same value."""
    odd = odd_ones(values)
    assert len(odd) * 2 < len(values) or not values
    assert len({values[one] for one in values.keys() - {*odd}}) <= 1 or not odd
