"""Texts of errors: what they mean, whatever comes, and what of them is shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.checks.templates.error_texts import MEANINGS, SHOWN, ErrorClass, error_class, is_error, shown
from exporter.checks.templates.remedies import BY_ERROR

SAMPLES = [
    # of CloudStack's own code
    (" HTTP Server returned 404 (expected 200 OK) ", ErrorClass.HTTP_STATUS),
    (" Failed to receive length of download ", ErrorClass.HTTP_STATUS),
    ("HTTP Server does not support partial get", ErrorClass.HTTP_STATUS),
    ("Unable to start download -- check url? ", ErrorClass.CONNECT),
    ("Download file size is too large", ErrorClass.SIZE),
    ("Failed to download http://a.example/x.qcow2 due to redirection, response code: 302", ErrorClass.REDIRECT),
    (
        "Template content is unsupported, or mismatch between selected format and template content. Found  : ASCII",
        ErrorClass.FORMAT,
    ),
    ("Unable to read QCOW2 metadata. Error: not a QCOW2 file", ErrorClass.FORMAT),
    ("Unable to install due to invalid file format", ErrorClass.FORMAT),
    ("Failed to install: unable to find the ovf", ErrorClass.FORMAT),
    ("Failed post download script: checksum does not match", ErrorClass.CHECKSUM),
    ("Failed post download script: mv: cannot create: No space left on device", ErrorClass.STORAGE_WRITE),
    ("Failed post download script: ", ErrorClass.STORAGE_WRITE),
    ("Failed post download install: script failed", ErrorClass.STORAGE_WRITE),
    ("Unable to create /mnt/SecStorage/6a6e/template/tmpl/2/201", ErrorClass.STORAGE_WRITE),
    ("There is no secondary storage VM for downloading template to image store nfs1", ErrorClass.NO_SSVM),
    ("No remote endpoint to send command, check if host or ssvm is down?", ErrorClass.NO_SSVM),
    ("Template debian is corrupted on secondary storage nfs1", ErrorClass.CORRUPTED),
    ("Maximum number of resources of type 'secondary_storage' for account name=a has been exceeded.", ErrorClass.SIZE),
    # of Java
    ("Connection refused (Connection refused)", ErrorClass.CONNECT),
    ("No route to host (Host unreachable)", ErrorClass.CONNECT),
    ("connect timed out", ErrorClass.CONNECT),
    ("Read timed out", ErrorClass.CONNECT),
    ("java.net.UnknownHostException: images.example", ErrorClass.DNS),
    ("images.example: Name or service not known", ErrorClass.DNS),
    ("images.example", ErrorClass.DNS),
    ("Unable to resolve images.example", ErrorClass.DNS),
    (
        "sun.security.validator.ValidatorException: PKIX path building failed: unable to find valid certification path",
        ErrorClass.TLS,
    ),
    ("Remote host terminated the handshake: javax.net.ssl.SSLHandshakeException", ErrorClass.TLS),
    ("/mnt/SecStorage/6a6e/x (Read-only file system)", ErrorClass.STORAGE_WRITE),
    ("Something nobody foresaw.", ErrorClass.OTHER),
    ("", ErrorClass.OTHER),
]
"""Sentences of the field; those with invented ends are marked by their ``a.example``."""


@pytest.mark.parametrize(("text", "meaning"), SAMPLES)
def test_what_texts_mean(text: str, meaning: ErrorClass) -> None:
    """Each text of CloudStack's code, Java and its scripts has its class, in any case."""
    assert error_class(text) is meaning
    assert error_class(text.upper()) is meaning
    assert is_error(text) == bool(text)


def test_each_class_has_a_sample_a_remedy_and_phrases_in_lower_case() -> None:
    """A class that nothing leads to would be an empty series for ever."""
    assert {meaning for _, meaning in SAMPLES} == set(ErrorClass) == set(BY_ERROR)
    assert all(phrase == phrase.casefold() for meaning in MEANINGS for phrase in meaning.phrases)


@pytest.mark.parametrize(
    "text",
    ["Download Complete", "37% Downloaded", "Installing Template", "Processing", "Bypassed Secondary Storage", "Ready",
     "NotUploaded", "Creating2", "Active", "Inactive", "", "  "],
)  # fmt: skip
def test_what_is_no_error(text: str) -> None:
    """Templates that are ready or on their way, and states that CloudStack shows instead of a text."""
    assert not is_error(text)


@given(st.text(max_size=600))
@example("." * 100_000)
@example("a-" * 50_000 + ".")
@example("\x00\ud800 redirect")
def test_any_text_has_a_class_and_is_bounded(text: str) -> None:
    """Whatever a web server or script says."""
    assert error_class(text) in ErrorClass
    assert len(shown(text)) <= SHOWN


SECRET = "hunter2canary"
URLS = ["https://user:{}@images.example/x.qcow2", "https://a.example/x?X-Amz-Signature={}", "ftp://{}:x@b.example",
        "user:{}@images.example", "password={}", "//a.example/x?{}"]  # fmt: skip


@given(st.sampled_from(URLS), st.text(max_size=100), st.integers(min_value=0, max_value=600))
def test_addresses_in_texts_are_never_shown(url: str, before: str, filled: int) -> None:
    """A URL may hold a password or a signature, also where it is cut."""
    secret = url.format(SECRET)
    assert SECRET not in shown(f"{before} Failed to download {secret} due to redirection")
    cut = "x " * (filled // 2) + secret
    assert SECRET not in shown(cut)


def test_the_words_around_an_address_are_shown() -> None:
    """They say what happened."""
    text = "Failed to download https://user:pw@images.example/x due to redirection, response code: 302"
    assert shown(text) == "Failed to download (left out) due to redirection, response code: 302"
