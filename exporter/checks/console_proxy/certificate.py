"""Certificates that browsers do not accept: expired, not trusted, or for another name.

Symptom: the console frame stays empty, because browsers ask nobody inside a frame.
Detect:  the certificate of a TLS handshake with SNI, the chain verified with the system's CAs and console.ca_file.
Fix:     upload certificate, key and every intermediate, for *.domain or for all a-b-c-d names.
"""

from __future__ import annotations

from datetime import UTC, datetime

from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import TRUST_CA, UPLOAD_CERTIFICATE, USE_WILDCARD
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Samples, equals, sooner_than
from exporter.questions.certificates import Certificate
from exporter.questions.system_vms.console import CONSOLE_CERTIFICATE, CONSOLE_TLS, Handshake
from exporter.thresholds import CERTIFICATE_EXPIRES_SOON
from exporter.topology.zones import is_zone_judged

OUT_OF_TIME = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED: of any link of the chain
SELF_SIGNED = (18, 19)  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN

VALID = Metric(
    "cloudstack_network_console_proxy_certificate_valid",
    "Whether browsers accept the console proxy's certificate now: dates, chain and name.",
    labels=PER_PROXY,
    problem=equals(0),
)
NOT_AFTER = Metric(
    "cloudstack_network_console_proxy_certificate_not_after_timestamp_seconds",
    "Unix time at which the console proxy's certificate expires.",
    labels=PER_PROXY,
    problem=sooner_than(CERTIFICATE_EXPIRES_SOON),
)
CHAIN_OK = Metric(
    "cloudstack_network_console_proxy_certificate_chain_ok",
    "Whether the chain that the console proxy sends is complete and leads to a CA that is trusted.",
    labels=PER_PROXY,
)
INFO = Metric(
    "cloudstack_network_console_proxy_certificate_info",
    "Issuer and key type of the console proxy's certificate, and the TLS version it was shown with.",
    labels=(*PER_PROXY, "issuer", "key", "protocol"),
    subject="console_proxy",
)


def judge(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Judge dates, chain and name of the certificate; nothing without TLS, or in a zone that is not in use."""
    if not is_zone_judged(cloud, target.vm.zone_id):
        return
    handshake = answers[CONSOLE_TLS]
    for certificate in answers[CONSOLE_CERTIFICATE]:
        dates = _date_troubles(certificate, answers.now)
        names = _name_troubles(certificate, target.console.hostname)
        chain = chain_trouble(handshake, certificate, answers.now)
        faults = (*dates, *names, *((f"{chain}, issuer {certificate.issuer}",) if chain else ()))
        yield VALID.sample(
            target.zone,
            target.name,
            value=int(not faults),
            seen="; ".join(faults),
            expected=f"trusted and valid for {target.console.hostname}",
            remedy=_remedy(handshake, is_dated=bool(dates), is_misnamed=bool(names)),
        )
        yield CHAIN_OK.sample(target.zone, target.name, value=int(not chain))
        until = f"valid until {_day(certificate.not_after)}"
        expected = f"at least {CERTIFICATE_EXPIRES_SOON // 86400} more days"
        ends = int(certificate.not_after)
        yield NOT_AFTER.sample(target.zone, target.name, value=ends, seen=until, expected=expected)
        words = (certificate.issuer, certificate.key, handshake.protocol)
        yield INFO.sample(target.zone, target.name, *words, value=1)


def chain_trouble(handshake: Handshake, certificate: Certificate, now: float) -> str:
    """Return what is wrong with the chain, empty when nothing is.

    OpenSSL looks at dates only after the chain was built: when the leaf's own dates explain the error, the
    chain is sound.
    """
    if handshake.error_code is None:
        return ""
    is_own = bool(_date_troubles(certificate, now))
    if handshake.error_code in OUT_OF_TIME:
        return "" if is_own else f"an intermediate: {handshake.error}"
    return handshake.error or f"error {handshake.error_code}"


def _date_troubles(certificate: Certificate, now: float) -> tuple[str, ...]:
    """Return what is wrong with the dates at unix time ``now``."""
    if certificate.not_after <= now:
        return (f"expired on {_day(certificate.not_after)}",)
    return (f"not valid before {_day(certificate.not_before)}",) if certificate.not_before > now else ()


def _name_troubles(certificate: Certificate, hostname: str) -> tuple[str, ...]:
    """Return what is wrong with the names."""
    if certificate.covers(hostname):
        return ()
    names = ", ".join(sorted(certificate.names | certificate.addresses)[:3])
    return (f"for {names}" if names else f"no alternative name, only CN {certificate.common_name}",)


def _remedy(handshake: Handshake, *, is_dated: bool, is_misnamed: bool) -> str:
    """Return what the evidence suggests: other names, a newer one, a whole chain, or trust in your own CA."""
    if is_misnamed:
        return USE_WILDCARD
    return TRUST_CA if handshake.error_code in SELF_SIGNED and not is_dated else UPLOAD_CERTIFICATE


def _day(at: float) -> str:
    """Return a date in UTC; a certificate's dates lie between 1950 and 9999."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


CHECK = Check(
    title="Certificate of the console proxy",
    metrics=(VALID, NOT_AFTER, CHAIN_OK, INFO),
    remedies=(UPLOAD_CERTIFICATE, USE_WILDCARD, TRUST_CA),
    judges={ConsoleEndpoint: judge},
    asks={ConsoleEndpoint: (CONSOLE_TLS, CONSOLE_CERTIFICATE)},
    reads=("listConfigurations",),
)
