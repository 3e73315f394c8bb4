"""The ports of a hypervisor host, dialled from where the exporter stands: beside the management servers.

A refused connection is an answer here. Only where the exporter itself has no route there is none. So readers are
given what the probe brought or the SourceError that it raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.model import Ports, Question, Reason, SourceError, Via
from exporter.questions.certificates import Certificate, read_certificate
from exporter.questions.seen import TlsSeen
from exporter.questions.system_vms.console import Connection, read_connection

PRIVILEGE = "none: a connection from the exporter"
Tries = Sequence[object]
"""None or a SourceError for each of the ports that serve the same and were tried, the usual one first."""


def services(hypervisor: str, ports: Ports) -> Mapping[str, tuple[int, ...]]:
    """Return what hosts of a hypervisor serve to the management side and to each other: name -> ports."""
    ssh, https = {"ssh": (ports.ssh,)}, {"https": (ports.hypervisor_https,)}
    found: Mapping[str, Mapping[str, tuple[int, ...]]] = {
        "KVM": {**ssh, "libvirt": (ports.libvirt_tls, ports.libvirt)},
        "XenServer": ssh | https,
        "VMware": https,
    }
    return found.get(hypervisor, {})


def read_ports(raw: Mapping[str, Tries]) -> Mapping[str, Connection]:
    """Return per service the connection to the first of its ports that takes one, else to the first of them.

    Raises:
        SourceError: when there is no route from the exporter.
    """
    return {name: _best([read_connection(brought) for brought in tries]) for name, tries in raw.items()}


def _best(found: Sequence[Connection]) -> Connection:
    return next((one for one in found if one.is_ok), found[0])


def read_shown(raw: TlsSeen | SourceError) -> Certificate | None:
    """Return the certificate, None where nobody listens: a cloud whose hosts are not secured.

    Raises:
        SourceError: when no handshake came about for another reason.
        UnreadableError: when it breaks the format.
    """
    if not isinstance(raw, SourceError):
        return read_certificate(raw.certificate)
    if raw.reason is Reason.REFUSED:
        return None
    raise raw


HOST_PORTS: Question[Mapping[str, Connection]] = Question(
    name="host_ports",
    via=Via.DIAL,
    text="TCP: connect to SSH and libvirt of KVM hosts (without TLS where that with TLS takes none), SSH and HTTPS of"
    " XenServer, HTTPS of VMware, and hang up.",
    read=read_ports,
    seconds=5.0,
    privilege=PRIVILEGE,
    why="Management servers add, upgrade and command hosts by these ports, and hosts move machines by libvirt.",
    every=3,  # half an hour: sshd and libvirt log each connection that says nothing
)

HOST_CERTIFICATE: Question[Certificate | None] = Question(
    name="host_certificate",
    via=Via.DIAL,
    text="TLS: begin a handshake with libvirt of KVM hosts, read the certificate that it shows, and hang up.",
    read=read_shown,
    seconds=5.0,
    privilege=PRIVILEGE,
    why="Agent and libvirt share one certificate of CloudStack's CA; when it expires, both are cut off.",
    every=12,  # two hours: libvirt logs each handshake that ends so
)
