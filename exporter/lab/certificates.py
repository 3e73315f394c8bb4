"""The lab's certificates, made at start: a root, an intermediate, and good and bad leaves for consoles."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = 86400.0
SINGLE = "name:"
Key = ec.EllipticCurvePrivateKey


class Authority:
    """Makes certificates and the server contexts that show them.

    ``leaf`` names: wildcard, literal, expired, expiring, not_yet, wrong_name, deep_name, realhostip, incomplete,
    self_signed, untrusted; ``name:<hostname>`` is good and for that name alone. Those of hypervisors: agent,
    agent_expiring, agent_expired.
    """

    def __init__(self, folder: Path, unix: float) -> None:
        self._folder = folder
        self._unix = unix
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root_key, self._middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._root = self._issue("Lab Root CA", self._root_key, None, authority=True)
        self._middle = self._issue("Lab Issuing CA", self._middle_key, (self._root, self._root_key), authority=True)
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self._root.public_bytes(serialization.Encoding.PEM))
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, leaf: str) -> ssl.SSLContext:
        """Return the server context that shows the certificate ``leaf``."""
        if leaf not in self._contexts:
            self._contexts[leaf] = self._made(leaf)
        return self._contexts[leaf]

    def demanding(self, leaf: str) -> ssl.SSLContext:
        """Return the server context that shows ``leaf`` and wants a certificate of the lab's from its clients."""
        name = f"{leaf} demanding"
        if name not in self._contexts:
            context = self._contexts[name] = self._made(leaf)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return self._contexts[name]

    def _made(self, leaf: str) -> ssl.SSLContext:
        name, days = {
            "literal": ("console.west.lab.example", 300.0),
            "expired": ("*.console.lab.example", -2.0),
            "expiring": ("*.console.lab.example", 5.0),
            "wrong_name": ("*.vnc.lab.example", 300.0),
            "deep_name": ("*.lab.example", 300.0),
            "realhostip": ("*.realhostip.com", 300.0),
            "agent": ("kvm.lab.example", 300.0),
            "agent_expiring": ("kvm.lab.example", 5.0),
            "agent_expired": ("kvm.lab.example", -2.0),
        }.get(leaf, (leaf.removeprefix(SINGLE) if leaf.startswith(SINGLE) else "*.console.lab.example", 300.0))
        issuer: tuple[x509.Certificate, Key] | None = (self._middle, self._middle_key)
        chain = [self._middle]
        if leaf == "self_signed":
            issuer, chain = None, []
        elif leaf == "incomplete":
            chain = []
        elif leaf == "untrusted":
            other = ec.generate_private_key(ec.SECP256R1())
            issuer, chain = (self._issue("Another CA", other, None, authority=True), other), []
        made = self._issue(name, self._key, issuer, days=days)
        path = self._folder / f"{leaf.replace(':', '-')}.pem"
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(key + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (made, *chain)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _issue(
        self,
        name: str,
        key: Key,
        issuer: tuple[x509.Certificate, Key] | None,
        *,
        authority: bool = False,
        days: float = 3650.0,
    ) -> x509.Certificate:
        """Return a certificate for ``key``; without an issuer it signs itself."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[0].subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_date(self._unix - 60 * DAY))
            .not_valid_after(_date(self._unix + days * DAY))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if issuer:
            extension = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
            builder = builder.add_extension(extension, critical=False)
        if authority:
            builder = builder.add_extension(_for_signing(), critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _for_signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _date(unix: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(unix, dt.UTC)
