"""Templates of the lab: what CloudStack lists of each, and how its copies in the zones are."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lab.world.places import Zone, identity

DONE = "Download Complete"
REGION_STORE = "images-s3"
"""The image store of the whole region."""


@dataclass(slots=True, eq=False)
class LabCopy:
    """A template in one zone; ``downloads``: state and percentage (empty: none) by store."""

    ready: bool = True
    status: str = DONE
    downloads: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class LabTemplate:
    """A template.

    ``zones``: names of the zones that list it, empty for all; ``region``: its one copy is in the store of the whole
    region, and of no zone; ``copies``: by name of the zone, where one was asked for. ``public``: others than its
    ``owner`` may use it. ``url``: a whole one, or a path on the lab's own web server. ``number``: its id in the
    database. ``source``: name of the template whose volume it was made from.
    """

    name: str
    number: int
    password: bool = False
    kind: str = "USER"
    format: str = "QCOW2"
    hypervisor: str = "KVM"
    os: str = "Debian GNU/Linux 12 (64-bit)"
    url: str = ""
    source: str = ""
    direct: bool = False
    account: int = 2
    created: float = 0.0
    zones: tuple[str, ...] = ()
    region: bool = False
    public: bool = True
    owner: str = "admin"
    twin: str = ""  # makes its id another one, where two bear one name
    copies: dict[str, LabCopy] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the template's uuid."""
        return identity("template", self.name, self.twin) if self.twin else identity("template", self.name)

    @property
    def is_offered(self) -> bool:
        """Return whether machines are made of it."""
        return self.kind == "USER" and not self.zones and not self.twin

    def copy(self, zone: Zone | None) -> LabCopy:
        """Return its copy in a zone, or in the whole region, which is ready unless somebody has changed it."""
        name, store = _place(zone)
        if name not in self.copies:
            self.copies[name] = LabCopy(downloads={store: ("DOWNLOADED", "100")})
        return self.copies[name]

    def fails(self, zone: Zone | None, status: str, state: str = "DOWNLOAD_ERROR", percent: str = "0") -> None:
        """Make its copy in a zone, or in the whole region, one that is not ready."""
        name, store = _place(zone)
        self.copies[name] = LabCopy(ready=False, status=status, downloads={store: (state, percent)})


def _place(zone: Zone | None) -> tuple[str, str]:
    """Return under which name a copy is kept, and the store that it is in."""
    return (zone.name, f"{zone.name}-secondary") if zone else ("", REGION_STORE)


ELSEWHERE = frozenset({("XenServer", "south")})
"""Hypervisors other than KVM, and the zones that have them: their system template is wanted there."""


def healthy(zones: list[Zone], start: float) -> dict[str, LabTemplate]:
    """Return the templates of the healthy lab by name; among them those that look wrong and are not."""
    made = [
        LabTemplate("debian-12", 201, password=True, url="/debian-12.qcow2"),
        LabTemplate("windows-2022", 202, password=True, source="debian-12", os="Windows Server 2022 (64-bit)"),
        LabTemplate("appliance", 203, os="Other Linux (64-bit)"),
        LabTemplate("edge", 204, direct=True, url="/edge.qcow2", zones=("east",)),
        LabTemplate("builtin", 4, kind="BUILTIN", account=1, url="/builtin.qcow2", zones=("east", "west")),
        LabTemplate("SystemVM Template (KVM)", 3, kind="SYSTEM", account=1, region=True, url="/systemvm-kvm.qcow2"),
        LabTemplate("SystemVM Template (XenServer)", 1, kind="SYSTEM", account=1, format="VHD", hypervisor="XenServer",
                    url="http://nowhere.invalid/xen.vhd"),
        LabTemplate("SystemVM Template (vSphere)", 8, kind="SYSTEM", account=1, format="OVA", hypervisor="VMware",
                    url="http://nowhere.invalid/vmware.ova"),
    ]  # fmt: skip
    for one in made:
        one.created = start - 400 * 86400.0
        for zone in zones:
            if one.direct:
                one.fails(zone, "Bypassed Secondary Storage", "BYPASSED")
                one.copy(zone).ready = True
            elif one.hypervisor != "KVM" and (one.hypervisor, zone.name) not in ELSEWHERE:
                one.fails(zone, "", "NOT_DOWNLOADED")
    return {one.name: one for one in made}
