"""Certificates of every kind, made by an own CA while the test runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from exporter.clock import SystemClock

NOW = datetime.fromtimestamp(int(SystemClock().unix()), UTC)
DAY = timedelta(days=1)


@dataclass
class Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def write(self, folder: Path, name: str, *chain: Signed) -> tuple[Path, Path]:
        """Write the chain and the key; return both paths."""
        chain_file, key_file = folder / f"{name}.crt", folder / f"{name}.key"
        chain_file.write_bytes(b"".join(link.pem for link in (self, *chain)))
        key_file.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain_file, key_file


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(name: str, issuer: Signed | None = None, days: int = 100) -> Signed:
    """Return a CA, a root when nobody issues it."""
    return _made(name, issuer, NOW - 200 * DAY, NOW + days * DAY, x509.BasicConstraints(ca=True, path_length=None))


def leaf(issuer: Signed | None, *names: str, start: int = -100, end: int = 90, common_name: str = "console") -> Signed:
    """Return a server certificate for names and addresses, valid from day ``start`` to day ``end`` from now."""
    return _made(common_name, issuer, NOW + start * DAY, NOW + end * DAY, x509.BasicConstraints(False, None), *names)


def _made(
    name: str, issuer: Signed | None, start: datetime, end: datetime, constraints: x509.BasicConstraints, *names: str
) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = issuer or Signed(None, key)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer.certificate.subject if issuer else _named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(constraints, critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(text) for text in names]), critical=False)
    return Signed(builder.sign(signer.key, hashes.SHA256()), key)


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
