"""Readers of a browser's way: which bad answers are answers, and which mean that the exporter is blind."""

from __future__ import annotations

import pytest

from exporter.model import Reason, SourceError, UnreadableError
from exporter.questions.seen import HttpSeen, TlsSeen
from exporter.questions.system_vms import console
from exporter.questions.system_vms.console import Connection, Handshake, Lookup, NextName, Page


def test_a_name_that_leads_nowhere_is_an_answer() -> None:
    """NXDOMAIN is what the browser would get."""
    assert console.read_lookup(("192.0.2.7",)) == Lookup(("192.0.2.7",))
    assert console.read_lookup(SourceError(Reason.DNS, "NXDOMAIN")) == Lookup((), "NXDOMAIN")
    assert console.read_lookup(SourceError(Reason.DNS)) == Lookup((), "dns")


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.REFUSED, Reason.UNREACHABLE, Reason.NO_WAY])
def test_a_name_server_that_cannot_be_asked_makes_us_blind(reason: Reason) -> None:
    """That is no verdict on the name."""
    with pytest.raises(SourceError) as caught:
        console.read_lookup(SourceError(reason))
    assert caught.value.reason is reason
    with pytest.raises(SourceError):
        console.read_next_names((("a.example", ("192.0.2.1",)), ("b.example", SourceError(reason))))


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.TLS])
def test_a_connection_that_fails_is_an_answer(reason: Reason) -> None:
    """Refused, dropped and unreachable keep the browser out as well."""
    found = console.read_connection(SourceError(reason, "why"))
    assert found == Connection(reason, "why")
    assert not found.is_ok
    assert console.read_connection(None).is_ok


def test_no_route_from_here_makes_us_blind() -> None:
    """An exporter without a network says nothing about consoles."""
    with pytest.raises(SourceError):
        console.read_connection(SourceError(Reason.NO_WAY))


def test_a_handshake_is_told_with_its_verification() -> None:
    """Not used, failed, verified and not verified are four things."""
    assert not console.read_handshake(None).is_used
    assert console.read_handshake(SourceError(Reason.TLS, "old")) == Handshake(reason=Reason.TLS, detail="old")
    seen = TlsSeen(b"", "TLSv1.2", 20, "unable to get local issuer certificate")
    assert console.read_handshake(seen) == Handshake(
        protocol="TLSv1.2", error_code=20, error="unable to get local issuer certificate"
    )


def test_a_certificate_needs_a_handshake() -> None:
    """None without TLS, a reason without a handshake, unreadable when it is garbage."""
    assert console.read_certificates(None) == ()
    with pytest.raises(SourceError):
        console.read_certificates(SourceError(Reason.TLS))
    with pytest.raises(UnreadableError):
        console.read_certificates(TlsSeen(b"\x30\x00", "TLSv1.3"))


def test_a_page_is_a_status_or_a_reason() -> None:
    """Every HTTP status is an answer."""
    assert console.read_page(HttpSeen(302, "https://b/")) == Page(status=302, location="https://b/")
    assert console.read_page(SourceError(Reason.TIMEOUT, "slow")) == Page(reason=Reason.TIMEOUT, detail="slow")


def test_next_names_keep_their_addresses() -> None:
    """A name that does not exist has none."""
    raw = (("a.example", ("192.0.2.1",)), ("b.example", SourceError(Reason.DNS)))
    assert console.read_next_names(raw) == (NextName("a.example", ("192.0.2.1",)), NextName("b.example", ()))
