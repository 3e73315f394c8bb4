"""How a certificate is read: whom it names, and when it is valid."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from exporter.model import UnreadableError

UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises of certificates that break their own format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server's certificate.

    Attributes:
        not_before: unix time.
        not_after: unix time.
        names: DNS names of the subject alternative names, lower case; a wildcard begins with ``*.``.
        addresses: IP addresses of the subject alternative names.
        common_name: of the subject; browsers do not look at it.
        issuer: common name of the issuer, else its organisation.
        is_self_signed: whether subject and issuer are the same.
        key: type and size, for example ``RSA 2048`` or ``EC secp256r1``.
    """

    not_before: float
    not_after: float
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    common_name: str = ""
    issuer: str = ""
    is_self_signed: bool = False
    key: str = ""

    def covers(self, hostname: str) -> bool:
        """Return whether a browser accepts it for ``hostname``: by exact name, or a wildcard for exactly one label."""
        try:
            return str(ip_address(hostname)) in self.addresses
        except ValueError:
            name = hostname.lower().rstrip(".")
        first, _, rest = name.partition(".")
        return name in self.names or bool(first and rest and f"*.{rest}" in self.names)


def read_certificate(der: bytes) -> Certificate:
    """Return the certificate.

    Raises:
        UnreadableError: when it is not a certificate, or one that breaks its own format.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        names, addresses = _alternative_names(found)
        return Certificate(
            not_before=found.not_valid_before_utc.timestamp(),
            not_after=found.not_valid_after_utc.timestamp(),
            names=names,
            addresses=addresses,
            common_name=_first(found.subject, NameOID.COMMON_NAME),
            issuer=_first(found.issuer, NameOID.COMMON_NAME) or _first(found.issuer, NameOID.ORGANIZATION_NAME),
            is_self_signed=found.subject == found.issuer,
            key=_key(found),
        )
    except UNREADABLE as error:
        message = "not a readable certificate"
        raise UnreadableError(message) from error


def _alternative_names(certificate: x509.Certificate) -> tuple[frozenset[str], frozenset[str]]:
    """Return the DNS names and the IP addresses that the certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset(), frozenset()
    names = (name.lower().rstrip(".") for name in found.get_values_for_type(x509.DNSName))
    return frozenset(names), frozenset(map(str, found.get_values_for_type(x509.IPAddress)))


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """Return the first value of an attribute, empty when there is none."""
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _key(certificate: x509.Certificate) -> str:
    """Return type and size of the public key."""
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return "unknown"
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return "EdDSA"
        case _:
            return "other"
