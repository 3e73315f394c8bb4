"""What most have, and who differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.topology.majority import differs, majority, odd_ones


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


def test_members_that_have_not_told() -> None:
    """A value is not called the usual one while those absent may make another one that of most."""
    two = {"a": "x", "b": "x"}
    assert differs("x", two) is False
    assert differs("x", two, absent=2) is False
    assert differs("x", two, absent=3) is None
    assert differs("x", {"a": "x", "b": "y"}, absent=1) is None
    assert differs("x", {"a": "x"}, absent=1) is False  # two never have a majority
    assert differs("y", {"a": "x", "b": "x", "c": "y"}, absent=9) is True


@given(st.dictionaries(st.integers(), st.integers(0, 2), max_size=7), st.integers(0, 2), st.lists(st.integers(0, 3)))
def test_what_is_said_to_be_alike_stays_so(values: dict[int, int], value: int, later: list[int]) -> None:
    """Whatever the absent ones tell later."""
    if differs(value, values, absent=len(later)) is False:
        whole = {**values, **{1000 + number: told for number, told in enumerate(later)}}
        assert 1000 in values or not differs(value, whole)
