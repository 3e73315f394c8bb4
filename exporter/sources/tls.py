"""The two TLS contexts, made once: one verifies, one only reads the certificate that is under judgment."""

from __future__ import annotations

import ssl
from pathlib import Path


def verifying(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies the chain against the system's CAs and those of ``ca_file``.

    Names are judged apart, so that a wrong name does not hide a broken chain.

    Raises:
        OSError: when the file cannot be read (``ssl.SSLError`` when it holds no certificate).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_default_certs()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def reading() -> ssl.SSLContext:
    """Return a context that accepts any certificate, also weak ones; nothing but a GET is ever sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
