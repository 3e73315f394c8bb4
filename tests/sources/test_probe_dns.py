"""Lookups: what is said of a name is told from what is wrong with the name server."""

from __future__ import annotations

import asyncio

import pytest

from exporter.model import Reason, SourceError
from exporter.sources.probe import Probe, ProbeSettings
from tests.sources.rough_servers import name_server

NAMES = {
    "one__example": "192.0.2.7",
    "two__example": "192.0.2.9 192.0.2.8",
    "six__example": "2001:db8::7",
    "empty__example": "",
    "broken__example": "servfail",
    "closed__example": "refused",
    "silent__example": "silent",
    "garbage__example": "garbage",
    "other__example": "wrong_id 192.0.2.1",
}


def probe(server: str, seconds: float = 0.4, concurrency: int = 8) -> Probe:
    return Probe(ProbeSettings(resolvers=(server,), connect_seconds=seconds, concurrency=concurrency))


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("one.example", {"192.0.2.7"}),
        ("two.example", {"192.0.2.8", "192.0.2.9"}),
        ("six.example", {"2001:db8::7"}),
        ("ONE.example.", {"192.0.2.6"}),
    ],
)
async def test_a_name_leads_to_all_its_addresses(name: str, addresses: set[str]) -> None:
    """IPv6 counts where there is no IPv4 address."""
    async with name_server(**NAMES, ONE__example="192.0.2.6") as (server, _):
        assert set(await probe(server).resolve(name)) == addresses


@pytest.mark.parametrize(
    ("name", "reason", "word"),
    [
        ("gone.example", Reason.DNS, "NXDOMAIN"),
        ("empty.example", Reason.DNS, "no address"),
        ("broken.example", Reason.DNS, "SERVFAIL"),
        ("closed.example", Reason.REFUSED, "refuses"),
        ("silent.example", Reason.TIMEOUT, "no name server answered"),
        ("a..b", Reason.DNS, "can be looked up"),
        ("x" * 64 + ".example", Reason.DNS, "can be looked up"),
        ("\u0000\ud800", Reason.DNS, "can be looked up"),
    ],
)
async def test_why_a_name_leads_nowhere_is_told_apart(name: str, reason: Reason, word: str) -> None:
    """NXDOMAIN, no address and SERVFAIL are about the name; silence and refusal about the server."""
    async with name_server(**NAMES) as (server, _):
        with pytest.raises(SourceError, match=word) as caught:
            await probe(server).resolve(name)
    assert caught.value.reason is reason


@pytest.mark.parametrize("name", ["garbage.example", "other.example"])
async def test_an_answer_that_is_none_is_never_an_address(name: str) -> None:
    """Garbage and answers to another question end in a reason that blames the server."""
    async with name_server(**NAMES) as (server, _):
        with pytest.raises(SourceError) as caught:
            await probe(server).resolve(name)
    assert caught.value.reason in {Reason.TIMEOUT, Reason.UNREACHABLE}


async def test_a_server_that_is_not_there_is_not_the_names_fault() -> None:
    """Nobody on the port of the name server: not DNS, which would be a verdict on the name."""
    async with name_server() as (server, _):
        pass
    with pytest.raises(SourceError) as caught:
        await probe(server).resolve("one.example")
    assert caught.value.reason in {Reason.TIMEOUT, Reason.UNREACHABLE}


@pytest.mark.parametrize("literal", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_skips_the_name_server(literal: str) -> None:
    """An IP literal is its own address and nobody is asked."""
    async with name_server() as (server, asked):
        assert await probe(server).resolve(literal) == (literal,)
    assert asked.asked == []


async def test_a_dead_server_does_not_hide_a_living_one() -> None:
    """The second name server is asked when the first is silent."""
    async with name_server(one__example="silent") as (dead, _), name_server(one__example="192.0.2.7") as (living, _):
        both = Probe(ProbeSettings(resolvers=(dead, living), connect_seconds=2.0))
        assert await both.resolve("one.example") == ("192.0.2.7",)


async def test_lookups_wait_for_a_slot_and_the_wait_is_not_their_fault() -> None:
    """With one slot and a silent name before it, a good name still resolves."""
    async with name_server(**NAMES) as (server, _):
        lone = probe(server, concurrency=1)
        silent = asyncio.ensure_future(lone.resolve("silent.example"))
        assert await lone.resolve("one.example") == ("192.0.2.7",)
        with pytest.raises(SourceError):
            await silent
