"""Dates, chain and name of the certificate."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.certificate import CHECK
from exporter.checks.console_proxy.remedies import TRUST_CA, UPLOAD_CERTIFICATE, USE_WILDCARD
from exporter.model import Reason
from exporter.questions.certificates import Certificate
from exporter.questions.system_vms.console import Handshake
from tests.checks.console_proxy.scene import (
    DAY,
    NOW,
    certificate,
    cloud,
    endpoint,
    of_target,
    problems,
    proxy,
    values,
    way,
)

WORLD = cloud(proxy())
VALID, CHAIN, DATE = (
    (f"certificate_{name}", "v-2-VM") for name in ("valid", "chain_ok", "not_after_timestamp_seconds")
)


def said(found: Certificate, code: int | None = None) -> dict[tuple[str, ...], Any]:
    handshake = Handshake(protocol="TLSv1.3", error_code=code, error=f"error {code}" if code else "")
    given = way(tls=handshake, certificate=(found,))
    return of_target(CHECK, endpoint(proxy(), WORLD), given, WORLD)


def test_a_good_certificate() -> None:
    """Valid, complete, with its date and issuer."""
    found = values(said(certificate()))
    assert found == {
        VALID: 1,
        CHAIN: 1,
        DATE: int(NOW + 90 * DAY),
        ("certificate_info", "v-2-VM", "Test Root", "RSA 2048", "TLSv1.3"): 1,
    }


@pytest.mark.parametrize(
    ("days", "is_problem"), [(31, False), (30.001, False), (29.9, True), (7, True), (0.01, True), (-1, True)]
)
def test_a_certificate_that_expires_within_a_month(days: float, is_problem: bool) -> None:
    """The date is a problem of its own before the certificate stops being valid."""
    found = said(certificate(end=days), code=10 if days < 0 else None)
    assert (DATE in problems(found)) is is_problem
    assert found[VALID].value == (days > 0)


@pytest.mark.parametrize(
    ("found", "code", "valid", "chain", "remedy", "word"),
    [
        (certificate(end=-1), 10, 0, 1, UPLOAD_CERTIFICATE, "expired on"),
        (certificate(start=1), 9, 0, 1, UPLOAD_CERTIFICATE, "not valid before"),
        (certificate(), 10, 0, 0, UPLOAD_CERTIFICATE, "an intermediate"),
        (certificate(end=-1), 20, 0, 0, UPLOAD_CERTIFICATE, "error 20"),
        (certificate(), 20, 0, 0, UPLOAD_CERTIFICATE, "error 20"),
        (certificate(), 21, 0, 0, UPLOAD_CERTIFICATE, "error 21"),
        (certificate(), 18, 0, 0, TRUST_CA, "error 18"),
        (certificate(), 19, 0, 0, TRUST_CA, "error 19"),
        (certificate(end=-1), 18, 0, 0, UPLOAD_CERTIFICATE, "expired on"),
        (certificate("www.example"), None, 0, 1, USE_WILDCARD, "for www.example"),
        (certificate("*.example"), None, 0, 1, USE_WILDCARD, "for *.example"),
        (certificate("*.a.console.example"), None, 0, 1, USE_WILDCARD, "for *.a.console.example"),
    ],
)
def test_what_is_wrong_is_told_apart(
    found: Certificate, code: int | None, valid: int, chain: int, remedy: str, word: str
) -> None:
    """One finding per certificate, with the remedy that the evidence suggests."""
    samples = said(found, code)
    assert (samples[VALID].value, samples[CHAIN].value) == (valid, chain)
    assert samples[VALID].remedy == remedy
    assert word in samples[VALID].seen


def test_a_common_name_alone_is_no_name() -> None:
    """Browsers stopped looking at it; the finding says so."""
    bare = Certificate(not_before=0, not_after=NOW + 90 * DAY, common_name="*.console.example")
    assert "only CN *.console.example" in said(bare)[VALID].seen


def test_a_console_without_tls_has_no_certificate() -> None:
    """Nothing is said."""
    given = way(tls=Handshake(is_used=False), certificate=())
    assert of_target(CHECK, endpoint(proxy(), WORLD), given, WORLD) == {}


def test_an_older_certificate_outlives_a_handshake_that_failed_just_now() -> None:
    """The verdict on it stands until it expires by age; reachability says what fails."""
    given = way(tls=Handshake(reason=Reason.TIMEOUT, detail="slow"))
    assert of_target(CHECK, endpoint(proxy(), WORLD), given, WORLD)[VALID].value == 1
