"""Addresses as people write them in the configuration, checked so that nothing stumbles over them when it runs."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(\d{1,5})")
URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine for certain: ``localhost`` or a loopback address, brackets or not."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen_address(text: str) -> str:
    """Return ``host:port`` unchanged; no host is every address of this machine, IPv6 hosts stand in brackets.

    Raises:
        ValueError: it is not of this form.
    """
    found = HOST_AND_PORT.fullmatch(text)
    if found is None or int(found[2]) > 65535 or not _may_be_a_host(found[1]):
        message = "must be host:port, for example 127.0.0.1:10061 or [::1]:10061"
        raise ValueError(message)
    return text


def server(text: str) -> str:
    """Return ``host:port`` of a server unchanged.

    Raises:
        ValueError: it is not of this form; host and port are both needed.
    """
    host, _, port = listen_address(text).rpartition(":")
    if not host or int(port) == 0:
        message = "must name a host and a port, for example db1.example.com:3306"
        raise ValueError(message)
    return text


def some(servers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the servers unchanged.

    Raises:
        ValueError: there is none.
    """
    if not servers:
        message = "must not be empty"
        raise ValueError(message)
    return servers


def resolver(text: str) -> str:
    """Return the address of a name server, with an optional port, unchanged.

    Raises:
        ValueError: it is not of this form.
    """
    host, colon, port = text.partition(":")
    if not _is_ipv4(host) or (colon and not (re.fullmatch(r"\d{1,5}", port) and 0 < int(port) < 65536)):
        message = "must be an IPv4 address with an optional port, for example 192.0.2.53 or 192.0.2.53:53"
        raise ValueError(message)
    return text


def api_url(text: str) -> str:
    """Return the address of the API unchanged; what is sent there is signed by a key, so it goes over TLS.

    Raises:
        ValueError: it is no such address, or without TLS to another machine.
    """
    try:
        parts = urlsplit(text)
        host, is_good = parts.hostname or "", URL.fullmatch(text) is not None and parts.port != 0
    except ValueError:  # a port or an IPv6 address that there is not
        host, is_good = "", False
    if not is_good:
        message = "must be https://host[:port]/client/api without user, password or query"
        raise ValueError(message)
    if not text.startswith("https:") and not is_loopback(host):
        message = (
            "http:// would show key and signature to everybody on the way, and let them forge what CloudStack says: use"
            " https:// (ca_file for a CA of your own); http:// is allowed towards loopback only"
        )
        raise ValueError(message)
    return text


def _may_be_a_host(text: str) -> bool:
    """Return whether it is no name, or a name, or an address that there is."""
    if text.startswith("["):
        try:
            return ip_address(text.strip("[]")).version == 6
        except ValueError:
            return False
    return re.fullmatch(r"[0-9.]+", text) is None or _is_ipv4(text)


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
