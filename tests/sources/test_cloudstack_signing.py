"""The signature, against Java's own encoder and against the lab's independent verification."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lab.api.signature import parse_query, verify
from exporter.sources.signing import Signer, encode

VECTORS = json.loads((Path(__file__).parents[1] / "samples/sources/cloudstack-signatures.json").read_text())
NOW = 1795086400.0  # the vectors expire 480 s later, at 2026-11-19T11:14:40 UTC
KEY = "plgWJfZK4gyDS1*OY~9p2"


@pytest.mark.parametrize(("value", "expected"), VECTORS["encoded"])
def test_value_is_encoded_as_java_does(value: str, expected: str) -> None:
    """A value is encoded exactly as java.net.URLEncoder does it, spaces as %20."""
    assert encode(value) == expected


@pytest.mark.parametrize(("secret", "value", "expected"), VECTORS["signed"])
def test_signature_equals_javas(secret: str, value: str, expected: str) -> None:
    """The signature equals the one that CloudStack's own steps give in Java."""
    told = Signer(KEY, secret).sign({"command": "listConfigurations", "response": "json", "name": value}, NOW)
    assert parse_query(told)["signature"] == expected


def test_query_names_version_and_expiry() -> None:
    """Every request says version 3 and expires eight minutes later, with the offset's plus encoded."""
    told = Signer("k", "s").sign({"command": "listZones"}, NOW)
    assert "signatureversion=3" in told
    assert "expires=2026-11-19T11%3A14%3A40%2B0000" in told


def test_upper_case_name_is_a_defect() -> None:
    """A parameter name that is not in lower case is refused: the server would sort it elsewhere."""
    with pytest.raises(ValueError, match="lower case"):
        Signer("k", "s").sign({"apiKey": "k"}, NOW)


def test_lone_surrogate_is_sent_as_question_mark() -> None:
    """Text that UTF-8 cannot carry is replaced, as Java does it, and never raises."""
    assert encode("a\ud800") == "a%3F"


words = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), words, max_size=5), words)
def test_every_signature_is_accepted_by_the_labs_own_verification(parameters: dict[str, str], secret: str) -> None:
    """Whatever is signed, the independent implementation accepts it, and it arrives unchanged."""
    reserved = {"signature", "expires", "apikey", "signatureversion"}
    parameters = {name: value for name, value in parameters.items() if name not in reserved}
    told = parse_query(Signer("k", secret).sign(parameters, NOW))
    assert verify(told, {"k": secret}, NOW) == "k"
    assert {name: told[name] for name in parameters} == parameters


def test_signer_does_not_show_its_secrets() -> None:
    """Neither repr nor str of a signer holds key or secret."""
    signer = Signer("the-key", "the-secret")
    assert "the-" not in f"{signer!r}{signer}"
    assert signer.redact("the-key and the-secret") == "*** and ***"


def test_signature_is_encoded_in_the_query() -> None:
    """The signature's own plus, slash and equals signs are encoded."""
    for secret, value, expected in VECTORS["signed"]:
        told = Signer(KEY, secret).sign({"command": "listConfigurations", "response": "json", "name": value}, NOW)
        raw = told.rpartition("&signature=")[2]
        assert not set(raw) & set("+/=")
        assert unquote(raw) == expected
