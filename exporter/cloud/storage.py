"""Secondary storage and what lies on it: image stores, templates and their copies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

SCHEME_PORTS = {"nfs": 2049, "cifs": 445, "smb": 445, "https": 443, "http": 80}
"""Scheme of a URL -> the port that is dialled where the URL names none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is dialled: a name or address, and a port."""

    host: str
    port: int

    @property
    def word(self) -> str:
        """Return ``host@port``, as the collector takes it."""
        return f"{self.host}@{self.port}"


@dataclass(frozen=True, slots=True)
class ImageStore:
    """Source: listImageStores."""

    id: str
    name: str
    zone_id: str  # empty: of the whole region
    protocol: str
    url: str  # without user, password and query
    provider: str = ""
    is_read_only: bool = False

    @property
    def place(self) -> Place | None:
        """Return where it is dialled; None where its URL names no host (S3 and Swift keep theirs elsewhere)."""
        return place(self.url)


@dataclass(frozen=True, slots=True)
class Download:
    """One copy of a template in a store. Source: downloaddetails[] of listTemplates."""

    store: str
    state: str  # DOWNLOADED, DOWNLOAD_IN_PROGRESS, DOWNLOAD_ERROR, NOT_DOWNLOADED, ...
    percent: int | None = None


class Origin(StrEnum):
    """Where a template comes from. A closed list: it is a label value.

    Of a finished upload, and of a template of a machine that was installed from an ISO, CloudStack keeps neither URL
    nor source, in its API and in its database; old versions show no URLs at all. So uploads are what was seen coming.
    """

    MADE_HERE = "made_here"  # from the volume or snapshot of a machine of this cloud
    REGISTERED = "registered"  # from a URL
    UPLOADED = "uploaded"  # from somebody's browser
    BUILTIN = "builtin"  # the sample that CloudStack brings
    SYSTEM = "system"  # of system VMs and routers
    UNKNOWN = "unknown"


SHIPPED = {"SYSTEM": Origin.SYSTEM, "ROUTING": Origin.SYSTEM, "BUILTIN": Origin.BUILTIN}
"""Template type -> origin of templates that no user made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One row per template and zone. Source: listTemplates.

    Its name has the id behind it where another template of the zone bears the same.
    """

    id: str
    zone_id: str  # empty: its copy is in an image store of the whole region
    name: str
    is_ready: bool
    status: str  # "Download Complete", "37% Downloaded", a state, or the text of an error
    hypervisor: str = ""
    format: str = ""
    type: str = ""  # USER, SYSTEM, BUILTIN, ROUTING, ...
    password_enabled: bool = False
    created: float | None = None
    os_name: str = ""
    url: str = ""  # registered from there; without user, password and query
    source_template_id: str = ""  # of the template whose volume or snapshot it was made from
    is_direct: bool = False  # hosts download it themselves, past secondary storage
    was_uploaded: bool = False  # it came from a browser, as this or a former Cloud saw
    owner: str = ""  # account, or project
    is_public: bool = False  # others than its owner may use it; featured ones are public too
    downloads: tuple[Download, ...] = ()

    @property
    def place(self) -> Place | None:
        """Return where it was registered from, None when it was not."""
        return place(self.url)

    @property
    def origin(self) -> Origin:
        """Return where it comes from, as far as CloudStack tells."""
        if self.type.upper() in SHIPPED:
            return SHIPPED[self.type.upper()]
        if self.source_template_id:
            return Origin.MADE_HERE  # CloudStack notes a source for nothing else
        if self.url:
            return Origin.REGISTERED
        return Origin.UPLOADED if self.was_uploaded else Origin.UNKNOWN


def joined(first: Template, second: Template) -> Template:
    """Return what two rows of one template say: the first ready one, with the copies of both."""
    chosen = second if second.is_ready and not first.is_ready else first
    return replace(chosen, downloads=tuple(dict.fromkeys((*first.downloads, *second.downloads))))


def place(url: str) -> Place | None:
    """Return host and port of a URL without secrets, None when it names no host that a machine can be told to dial.

    That are IPv4 addresses and names, and no port is known for every scheme.
    """
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    if not host or not port.isdecimal():
        host, port = rest.partition("/")[0], str(SCHEME_PORTS.get(scheme.lower(), ""))
    if not is_dialled(host) or not re.fullmatch(r"[1-9]\d{0,4}", port, re.ASCII) or int(port) > 65535:
        return None
    return Place(host, int(port))


def is_dialled(host: str) -> bool:
    """Return whether machines can be told to dial ``host``: an IPv4 address, or a name in plain letters."""
    if re.fullmatch(r"[\d.]*", host):
        try:
            return str(IPv4Address(host)) == host
        except AddressValueError:
            return False
    return bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", host, re.ASCII))
