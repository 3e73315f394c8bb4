"""Envelopes and rows: as documented, as old versions write them, and as nobody should."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Reason, SourceError
from exporter.sources.envelope import Page, read_page


class Part(msgspec.Struct, frozen=True):
    """A nested row."""

    name: str = ""
    device: str = ""


class Row(msgspec.Struct, frozen=True):
    """A row with every kind of field."""

    id: str
    name: str = ""
    count: int | None = None
    ready: bool | None = None
    part: list[Part] = []
    more: tuple[Part, ...] = ()


def read(body: Any, status: int = 200, *, encoded: bool = False, listed: bool | None = None) -> Page[Row]:
    """Read a body given as bytes or as what JSON makes of it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_page(status, raw, Row, encoded=encoded, listed=listed)


def failed(body: Any, status: int = 200, *, listed: bool | None = None) -> SourceError:
    """Return the error that reading raises."""
    with pytest.raises(SourceError) as caught:
        read(body, status, listed=listed)
    return caught.value


def test_list_is_read_whatever_its_names() -> None:
    """The top-level key and the array's name are not looked at."""
    assert read({"anyresponse": {"count": 7, "thing": [{"id": "a"}]}}) == Page([Row("a")], 7, 0)


@pytest.mark.parametrize(("body", "total"), [({}, None), ({"count": 600}, 600), ({"count": 0, "host": []}, 0)])
def test_empty_list_has_no_rows(body: dict[str, Any], total: int | None) -> None:
    """An empty list has neither count nor array; a page past the end has a count only."""
    assert read({"listhostsresponse": body}) == Page([], total, 0)


def test_unknown_fields_are_ignored_and_missing_ones_have_defaults() -> None:
    """A newer version's field does no harm, an absent one is empty."""
    assert read({"r": {"x": [{"id": "a", "new": {"deep": [1]}}]}}).rows == [Row("a")]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"id": 12}, Row("12")),
        ({"id": "a", "count": "5"}, Row("a", count=5)),
        ({"id": "a", "ready": "true"}, Row("a", ready=True)),
        ({"id": "a", "ready": "false"}, Row("a", ready=False)),
        ({"id": "a", "name": None, "count": None, "part": None}, Row("a")),
        ({"id": "a", "name": 1.5}, Row("a", name="1.5")),
        ({"id": "a", "part": [{"name": "n", "device": 0}]}, Row("a", part=[Part("n", "0")])),
        ({"id": "a", "more": [{"name": 7}, {}]}, Row("a", more=(Part("7"), Part()))),
    ],
)
def test_numbers_and_booleans_may_be_text_and_the_reverse(told: dict[str, Any], expected: Row) -> None:
    """Values are read leniently: old and new versions differ in what they quote."""
    assert read({"r": {"count": 1, "x": [told]}}).rows == [expected]


@pytest.mark.parametrize("bad", [{"name": "no id"}, {"id": ["a"]}, "text", 5, None, {"id": "a", "count": "many"}])
def test_bad_row_is_skipped_and_counted(bad: Any) -> None:
    """One row in another format costs itself, not its neighbours."""
    page = read({"r": {"count": 3, "x": [{"id": "a"}, bad, {"id": "b"}]}})
    assert [row.id for row in page.rows] == ["a", "b"]
    assert page.skipped == 1


def test_invalid_utf8_costs_only_the_letter() -> None:
    """A byte that is not UTF-8 is replaced; the page is read."""
    assert read(b'{"r":{"x":[{"id":"a","name":"caf\xe9"},{"id":"b"}]}}').rows == [Row("a", "caf\ufffd"), Row("b")]
    assert read(b'{"r\xff":{"x":[{"id":"a"}]}}').rows == [Row("a")]


def test_encoded_strings_are_decoded() -> None:
    """With encode.api.response every string is URL-encoded, nested ones too."""
    told = {"id": "a", "name": quote("Zürich + 1*"), "part": [{"name": quote("a b")}]}
    assert read({"r": {"x": [told]}}, encoded=True).rows == [Row("a", "Zürich + 1*", part=[Part("a b")])]


BAD_KEY = "unable to verify user credentials and/or request signature"
UNKNOWN = "The given command 'listX' either does not exist, is not available for user."


@pytest.mark.parametrize(
    ("status", "text", "listed", "reason"),
    [
        (401, BAD_KEY, None, Reason.AUTH),
        (401, BAD_KEY, True, Reason.AUTH),
        (401, UNKNOWN, None, Reason.UNSUPPORTED),
        (401, UNKNOWN, False, Reason.UNSUPPORTED),
        (401, UNKNOWN, True, Reason.PERMISSION),
        (400, "not by POST", None, Reason.FAILED),
        (405, "", None, Reason.FAILED),
        (429, "limit", None, Reason.THROTTLED),
        (430, "malformed", None, Reason.FAILED),
        (431, "missing parameter", None, Reason.FAILED),
        (432, "off", None, Reason.UNSUPPORTED),
        (503, "starting", None, Reason.BOOTING),
        (511, "2FA", None, Reason.AUTH),
        (530, "internal", None, Reason.FAILED),
        (531, "no permission", None, Reason.PERMISSION),
        (533, "capacity", None, Reason.FAILED),
    ],
)
def test_error_envelope_has_a_reason(status: int, text: str, listed: bool | None, reason: Reason) -> None:
    """CloudStack's codes are told apart; a 401 only by its text."""
    body = {"errorresponse": {"uuidList": [], "errorcode": status, "cserrorcode": 9999, "errortext": text}}
    assert failed(body, status, listed=listed).reason is reason
    assert failed(body, 200, listed=listed).reason is reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, Reason.BOOTING), (404, Reason.BOOTING), (503, Reason.BOOTING), (502, Reason.BOOTING),
     (500, Reason.BOOTING), (401, Reason.AUTH), (403, Reason.PERMISSION), (302, Reason.UNREADABLE)],
)  # fmt: skip
def test_html_has_a_reason(status: int, reason: Reason) -> None:
    """HTML is what Jetty shows while starting, or what a proxy says."""
    assert failed(b"\n <!DOCTYPE html><html></html>", status).reason is reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"r":[]}',
        b'{"r":null}',
        b'{"a":{},"b":{}}',
        b'{"r":{"count":5,"x":[{"id":"a"},{"i',
        b"\x00\xff\xfe",
        b'{"r":' + b"[" * 100_000,
        b'{"r":{"x":' + b'{"a":' * 100_000,
    ],
)
def test_what_is_no_envelope_is_unreadable(body: bytes) -> None:
    """Truncated, empty, binary or endlessly nested bytes end in one reason."""
    assert failed(body).reason is Reason.UNREADABLE


def test_error_without_text_or_with_odd_code_is_still_an_error() -> None:
    """An error envelope whose fields are missing or odd does not pass for a list."""
    assert failed({"r": {"errorcode": "531"}}).reason is Reason.PERMISSION
    assert failed({"r": {"errorcode": "many", "errortext": 5}}, 500).reason is Reason.FAILED
    assert failed({"r": {"x": [{"id": "a"}]}}, 500).reason is Reason.FAILED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
near_rows = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "name", "count", "ready", "part"), json_values))
near_bodies = st.fixed_dictionaries(
    {},
    optional={
        "count": json_values,
        "x": st.lists(near_rows | json_values),
        "errorcode": json_values,
        "errortext": json_values,
    },
)
bodies = st.one_of(
    st.binary(),
    json_values.map(lambda value: json.dumps(value).encode()),
    near_bodies.map(lambda body: json.dumps({"r": body}).encode()),
)


@given(bodies, st.sampled_from([200, 401, 404, 431, 530]), st.booleans(), st.none() | st.integers(0, 60))
def test_any_bytes_give_rows_or_a_source_error(body: bytes, status: int, encoded: bool, cut: int | None) -> None:
    """Whatever a server sends is rows or a SourceError, never another exception."""
    with suppress(SourceError):
        page = read_page(status, body[:cut], Row, encoded=encoded, listed=None)
        assert all(isinstance(row, Row) and isinstance(row.id, str) for row in page.rows)
