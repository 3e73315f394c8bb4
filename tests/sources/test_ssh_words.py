"""Words for the collector: closed types, checked here as they are checked again in the shell."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.model import Reason, SourceError
from exporter.questions.wrapper import quoted, script
from exporter.sources.ssh_words import Asked, Hop, Request, is_parameter

VERSION, NONCE = "0123456789ab", "0123456789abcdef"


def words(request: Request, *, legacy: bool = False, seconds: int = 20) -> tuple[str, ...]:
    """Return the words of a call."""
    return request.words(VERSION, NONCE, legacy=legacy, seconds=seconds)


def test_words_of_a_visit_to_a_host() -> None:
    """Questions with their parameters, in order."""
    request = Request((Asked("links"), Asked("probe", ("10.1.1.1", "10.1.2.1@8080"))))
    assert words(request) == (VERSION, NONCE, "host", "links", "probe:10.1.1.1,10.1.2.1@8080")


@pytest.mark.parametrize(("legacy", "era"), [(False, "modern"), (True, "legacy")])
def test_words_of_a_hop(era: str, *, legacy: bool) -> None:
    """Name, place, era and limit come before the questions."""
    request = Request((Asked("role"),), Hop("r-4-VM", "169.254.3.93"))
    assert words(request, legacy=legacy) == (
        *(VERSION, NONCE, "hop", "r-4-VM", "169.254.3.93@3922", era, "20", "role"),
    )


def test_the_limit_of_a_hop_stays_in_its_bounds() -> None:
    """The shell takes 1 to 600 seconds."""
    request = Request((), Hop("r-4-VM", "169.254.3.93"))
    assert [words(request, seconds=seconds)[6] for seconds in (-3, 0, 9999)] == ["1", "1", "600"]


@pytest.mark.parametrize(
    "request_",
    [
        Request((), Hop("r-4-VM; id", "169.254.3.93")),
        Request((), Hop("", "169.254.3.93")),
        Request((), Hop("-oProxyCommand=id", "169.254.3.93")),
        Request((), Hop("r-4-VM", "")),
        Request((), Hop("r-4-VM", "fe80::1")),
        Request((), Hop("r-4-VM", "localhost")),
        Request((), Hop("r-4-VM", "169.254.3.93 -v")),
        Request((Asked("role;id"),)),
        Request((Asked("role\n"),)),
        Request((Asked("role", ("$(id)",)),)),
        Request((Asked("role", ("1\n",)),)),
        Request((Asked("role", ("",)),)),
    ],
)
def test_words_of_no_known_type_never_leave(request_: Request) -> None:
    """What CloudStack tells is not trusted either."""
    with pytest.raises(SourceError) as raised:
        words(request_)
    assert raised.value.reason is Reason.NO_WAY


def test_more_words_than_the_collector_takes_are_not_sent() -> None:
    """The visit fails with its reason instead of being refused."""
    with pytest.raises(SourceError) as raised:
        words(Request(tuple(Asked("role", ("10.1.1.1",) * 1000) for _ in range(10))))
    assert raised.value.reason is Reason.TOO_LARGE


def agreed(candidates: list[str]) -> list[bool]:
    """Return what the shell's is_parameter says of each."""
    frame = script().text.partition("\nquestion() {")[0]
    calls = "".join(f"is_parameter {quoted(word)} && echo 1 || echo 0\n" for word in candidates)
    done = subprocess.run(["sh"], input=(frame + calls).encode(), capture_output=True, check=True)
    return [answer == "1" for answer in done.stdout.decode().split()]


CANDIDATES = st.one_of(
    st.text("0123456789.@-aZ_,: é", max_size=24),
    st.ip_addresses(v=4).map(str),
    st.tuples(st.ip_addresses(v=4), st.integers(0, 70000)).map(lambda pair: f"{pair[0]}@{pair[1]}"),
    st.lists(st.sampled_from(["0", "1", "25", "255", "256", "00", ".", "@", "a"]), max_size=9).map("".join),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(CANDIDATES, min_size=30, max_size=80))
def test_both_sides_know_the_same_types(candidates: list[str]) -> None:
    """Python and the shell agree on every word, so that none is refused after it was sent."""
    assert agreed(candidates) == [is_parameter(word) for word in candidates]
