"""Certificates: whom they name for a browser, and that broken ones are unreadable."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.certificates import Certificate, read_certificate
from tests.sources.certificate_maker import DAY, NOW, _named, authority, leaf

CA = authority("Test Root")
LEAF = leaf(CA, "*.Console.example", "203.0.113.7", "2001:db8::7", end=30)


def test_a_certificate_is_read_whole() -> None:
    """Dates in unix time, names in lower case, issuer and key in words."""
    found = read_certificate(LEAF.der)
    assert found.not_before == (NOW - 100 * DAY).timestamp()
    assert found.not_after == (NOW + 30 * DAY).timestamp()
    assert found.names == {"*.console.example"}
    assert found.addresses == {"203.0.113.7", "2001:db8::7"}
    assert (found.common_name, found.issuer, found.key) == ("console", "Test Root", "EC secp256r1")
    assert not found.is_self_signed
    assert read_certificate(CA.der).is_self_signed


@pytest.mark.parametrize(
    ("key", "words"),
    [(rsa.generate_private_key(65537, 2048), "RSA 2048"), (ed25519.Ed25519PrivateKey.generate(), "EdDSA")],
)
def test_every_key_type_has_words(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, words: str) -> None:
    """RSA and EdDSA beside EC; a certificate without names has none."""
    name = x509.Name([])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(_named("x"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(key, hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None)
    )
    found = read_certificate(made.public_bytes(Encoding.DER))
    assert (found.key, found.names, found.common_name) == (words, frozenset(), "")


@pytest.mark.parametrize(
    ("names", "hostname", "is_covered"),
    [
        ({"*.console.example"}, "203-0-113-7.console.example", True),
        ({"*.console.example"}, "203-0-113-7.CONSOLE.example.", True),
        ({"*.console.example"}, "203-0-113-7.a.console.example", False),
        ({"*.console.example"}, "console.example", False),
        ({"*.example"}, "203-0-113-7.console.example", False),
        ({"203-0-113-7.console.example"}, "203-0-113-7.console.example", True),
        ({"203-0-113-*.console.example"}, "203-0-113-7.console.example", False),
        ({"*"}, "localhost", False),
        ({"203.0.113.7"}, "203.0.113.7", False),
        (set(), "a.example", False),
        ({"*."}, "a.", False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(names: set[str], hostname: str, is_covered: bool) -> None:
    """As in browsers: no partial labels, no deeper names, no common name, no address as a name."""
    certificate = Certificate(not_before=0, not_after=0, names=frozenset(names), common_name=hostname)
    assert certificate.covers(hostname) is is_covered


def test_an_address_needs_an_address_entry() -> None:
    """IP literals are compared with IP entries, whatever way they are written."""
    certificate = read_certificate(LEAF.der)
    assert certificate.covers("203.0.113.7")
    assert certificate.covers("2001:db8:0::7")
    assert not certificate.covers("203.0.113.8")


@pytest.mark.filterwarnings("ignore")  # cryptography warns about odd certificates before it reads them
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.one_of(st.binary(max_size=400), st.tuples(st.integers(0, 399), st.integers(0, 255))))
@example(data=(LEAF.der.index(b"\xa0\x03\x02\x01\x02") + 4, 1))  # a version that there is not
def test_what_is_no_certificate_is_unreadable(data: bytes | tuple[int, int]) -> None:
    """Garbage and good certificates with one byte changed end in UnreadableError or in a certificate."""
    if isinstance(data, tuple):
        place, byte = data
        der = bytearray(LEAF.der)
        der[place % len(der)] = byte
        data = bytes(der)
    try:
        found = read_certificate(data)
    except UnreadableError:
        return
    assert isinstance(found.not_after, float)
