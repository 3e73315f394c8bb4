"""What a virtual router says of itself: identity, role, addresses. Asked inside the router.

Eras: A is CloudStack 4.0-4.5 (sysvinit, shell scripts), B 4.6-4.10 (sysvinit, Python), C 4.11 and newer
(systemd). They are told apart by what is there, never by the version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from exporter.model import Question, UnreadableError, Via

PRIVILEGE = "root inside the router, through its host"


class Era(StrEnum):
    """Which generation of scripts a router runs."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterIdentity:
    """What kind of router this is.

    Attributes:
        release: first line of /etc/cloudstack-release, empty when there is none.
        type: router | vpcrouter | dhcpsrvr | ..., empty when the boot arguments do not say.
        is_redundant: whether it was started as one of a redundant pair.
        has_systemd: whether systemd runs it.
        scripts: which of passwd_server_ip.py and serve_password.sh are installed.
        is_configured: whether its first configuration has ended.
        uptime: seconds since it booted.
    """

    release: str
    type: str
    is_redundant: bool
    has_systemd: bool
    scripts: frozenset[str]
    is_configured: bool
    uptime: float

    @property
    def era(self) -> Era:
        """Return the era, by the password scripts that are installed."""
        if self.has_systemd:
            return Era.C
        return Era.B if "passwd_server_ip.py" in self.scripts else Era.A


class Role(StrEnum):
    """The role of a router, by its own word."""

    ALONE = "ALONE"  # not redundant
    PRIMARY = "PRIMARY"
    BACKUP = "BACKUP"
    FAULT = "FAULT"
    UNKNOWN = "UNKNOWN"

    @property
    def is_serving(self) -> bool:
        """Return whether a router in this role serves the shared address."""
        return self in (Role.ALONE, Role.PRIMARY)


@dataclass(frozen=True, slots=True)
class ConfiguredAddress:
    """One IPv4 address that an interface of the router has."""

    device: str
    address: str
    prefix: int


def read_identity(text: str) -> RouterIdentity:
    """Return the router's identity from ``word value`` lines; without an uptime it is unreadable."""
    words: dict[str, str] = {}
    scripts = set()
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        match word:
            case "release" | "type" | "redundant" | "systemd" | "configured" | "uptime":
                words[word] = value.strip()
            case "script":
                scripts.add(value.strip())
            case _:
                message = f"unknown word in router identity: {word[:40]!r}"
                raise UnreadableError(message)
    if not re.fullmatch(r"\d{1,12}(\.\d{1,9})?", words.get("uptime", ""), re.ASCII):
        message = "no uptime in router identity"
        raise UnreadableError(message)
    return RouterIdentity(
        release=words.get("release", ""),
        type=words.get("type", ""),
        is_redundant=words.get("redundant") == "1",
        has_systemd="systemd" in words,
        scripts=frozenset(scripts),
        is_configured="configured" in words,
        uptime=float(words["uptime"]),
    )


def read_role(text: str) -> Role:
    """Return the role from ``Status: PRIMARY`` (older: MASTER, also with ``&Bumped: NO`` behind it)."""
    if text.strip() == "not redundant":
        return Role.ALONE
    found = re.search(r"^Status: ([A-Z]+)\b", text, re.MULTILINE)
    word = found[1].replace("MASTER", "PRIMARY") if found else ""
    if word not in ("PRIMARY", "BACKUP", "FAULT", "UNKNOWN"):
        message = f"no role in {text[:60]!r}"
        raise UnreadableError(message)
    return Role(word)


def read_addresses(text: str) -> tuple[ConfiguredAddress, ...]:
    """Return the addresses of all interfaces from ``ip -o -4 addr show``; a router always has lo."""
    found = []
    for line in text.splitlines():
        match = re.match(
            r"\d+: ([^\s@:]+)(?:[@:]\S*)?\s+inet (\d+\.\d+\.\d+\.\d+)(?: peer [\d.]+)?/(\d{1,2})\b", line, re.ASCII
        )
        if not match:
            message = f"not a line of ip -o -4 addr: {line[:60]!r}"
            raise UnreadableError(message)
        found.append(ConfiguredAddress(match[1], checked_address(match[2]), int(match[3])))
    if not found:
        message = "no address at all"
        raise UnreadableError(message)
    return tuple(found)


def checked_address(text: str) -> str:
    """Return the same IPv4 address.

    Raises:
        UnreadableError: when it is none.
    """
    try:
        return str(IPv4Address(text))
    except AddressValueError as error:
        message = f"not an IPv4 address: {text[:40]!r}"
        raise UnreadableError(message) from error


ROUTER_IDENTITY = Question(
    name="router_identity",
    via=Via.SYSTEM_VM,
    # The boot arguments also hold passwords and keys: only two words of closed form leave the router.
    text=r"""
file="$ROOT/etc/cloudstack-release"
[ ! -r "$file" ] || sed -n '1s/^/release /p' "$file"
file="$ROOT/var/cache/cloud/cmdline"
[ ! -r "$file" ] || tr -s ' \t' '\n' <"$file" |
    sed -n 's/^type=\([a-z]\{1,20\}\)$/type \1/p; s/^redundant_router=\([01]\)$/redundant \1/p'
[ ! -d "$ROOT/run/systemd/system" ] || echo systemd
for script in passwd_server_ip.py serve_password.sh; do
    [ ! -e "$ROOT/opt/cloud/bin/$script" ] || echo "script $script"
done
[ ! -e "$ROOT/var/cache/cloud/boot_up_done" ] || echo configured
sed 's/^/uptime /; s/ [^ ]*$//' "$ROOT/proc/uptime"
""",
    read=read_identity,
    privilege=PRIVILEGE,
    why="Which scripts and services a router should have, and whether it has just booted.",
    size=4096,
)

ROUTER_REDUNDANCY = Question(
    name="router_redundancy",
    via=Via.SYSTEM_VM,
    # CloudStack's own read-only script; on a router that is not redundant it would say FAULT.
    text=r"""
[ -r "$ROOT/var/cache/cloud/cmdline" ] || exit 127
grep -q 'redundant_router=1' "$ROOT/var/cache/cloud/cmdline" || { echo 'not redundant'; exit 0; }
for script in "$ROOT/opt/cloud/bin/checkrouter.sh" "$ROOT/root/checkrouter.sh"; do
    [ ! -e "$script" ] || exec bash "$script"
done
exit 127
""",
    read=read_role,
    privilege=PRIVILEGE,
    why="Whether this router of a redundant pair is the one that serves.",
    seconds=3.0,
    size=4096,
)

ROUTER_ADDRESSES = Question(
    name="router_addresses",
    via=Via.SYSTEM_VM,
    text="ip -o -4 addr show\n",
    read=read_addresses,
    privilege=PRIVILEGE,
    why="Which guest addresses the router really has, and on which interface.",
    seconds=1.0,
)
