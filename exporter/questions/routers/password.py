"""The password service of virtual routers, asked without ever touching a password.

Era A is ``socat`` with ``serve_password.sh``, B and C ``passwd_server_ip.py``, in C as a systemd unit for each
address. A request that names ``DomU_Request`` reads or acknowledges a password, so none is ever sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.cloud.routers import guest_addresses
from exporter.cloud.targets import RouterTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE, checked_address

UNIT = "cloud-password-server@"


class Probe(StrEnum):
    """What became of a HEAD request to the password port of one address, made on the router itself."""

    UNSUPPORTED_METHOD = "unsupported_method"  # eras B and C: 501 from "CloudStack Password Server"
    BAD_REQUEST = "bad_request"  # era A
    NEVER_SERVES = "never_serves"  # a script of the 4.5/4.6 line that refuses every request, also a guest's
    ABSENT = "absent"  # the router does not have the address, so nothing was sent
    REFUSED = "refused"  # nobody listens, in era A three times within four seconds
    UNREACHABLE = "unreachable"  # the connection failed in another way
    TIMEOUT = "timeout"  # not even the connection was made: the queue of the listener is full
    SILENT = "silent"  # connected, but no answer
    CLOSED = "closed"  # connected and closed without an answer
    OTHER = "other"  # something else answered

    @property
    def is_good(self) -> bool:
        """Return whether a password server answered as it should."""
        return self in (Probe.UNSUPPORTED_METHOD, Probe.BAD_REQUEST)


@dataclass(frozen=True, slots=True)
class Unit:
    """One instance of the password unit, era C.

    Attributes:
        addresses: from the instance name: the address it serves, then others that may post to it.
        active: systemd's ActiveState. A server that died of an exception ends with 0 and is ``inactive``:
            systemd does not restart it and does not call it failed.
        sub: systemd's SubState.
        result: systemd's Result, empty when not told.
        restarts: None where systemd is too old to count them.
    """

    addresses: tuple[str, ...]
    active: str
    sub: str
    result: str
    restarts: int | None


@dataclass(frozen=True, slots=True)
class Units:
    """The password units that systemd has loaded; none where systemd does not run the router."""

    has_systemd: bool
    units: tuple[Unit, ...] = ()

    def of(self, address: str) -> Unit | None:
        """Return the unit that serves ``address``, or None."""
        return next((unit for unit in self.units if unit.addresses[0] == address), None)


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """Whose passwords one file still holds; never the passwords.

    Attributes:
        name: ``passwords`` (era A) or ``passwords-<address>``.
        seconds: since the file changed, by the router's clock; each entry is at least that old.
        addresses: of the instances that have not acknowledged theirs.
    """

    name: str
    seconds: int
    addresses: tuple[str, ...] = ()


def read_probe(text: str) -> Mapping[str, Probe]:
    """Return the outcome for each address from lines of ``address word``; an empty text is no address."""
    found: dict[str, Probe] = {}
    for line in text.splitlines():
        address, _, word = line.partition(" ")
        if word not in Probe.__members__.values() or found.setdefault(checked_address(address), Probe(word)) != word:
            message = f"not the outcome of a probe: {line[:60]!r}"
            raise UnreadableError(message)
    return found


def read_units(text: str) -> Units:
    """Return the units from ``systemctl show``: blocks of key=value, one blank line between them."""
    if text.strip() == "no systemd":
        return Units(has_systemd=False)
    blocks = re.split(r"\n\s*\n", text.strip())
    return Units(has_systemd=True, units=tuple(_unit(block) for block in blocks if block))


def _unit(block: str) -> Unit:
    """Return one unit."""
    # systemd writes the comma of an instance name as \x2c
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    found = re.fullmatch(re.escape(UNIT) + r"([\d.,]+)\.service", values.get("Id", "").replace(r"\x2c", ","), re.ASCII)
    if not found or not values.get("ActiveState"):
        message = f"not a password unit: {block[:60]!r}"
        raise UnreadableError(message)
    restarts = values.get("NRestarts", "")
    return Unit(
        addresses=tuple(checked_address(word) for word in found[1].split(",")),
        active=values["ActiveState"],
        sub=values.get("SubState", ""),
        result=values.get("Result", ""),
        restarts=int(restarts) if re.fullmatch(r"\d{1,9}", restarts, re.ASCII) else None,
    )


def read_pending(text: str) -> tuple[PasswordFile, ...]:
    """Return the files and whose passwords they hold; an empty text: nothing was ever saved there.

    The text is ``file name seconds``, then an address on each line. The lines of an unknown form are not
    repeated in the error: nothing of these files is, whatever went wrong.
    """
    files: list[PasswordFile] = []
    for line in text.splitlines():
        head = re.fullmatch(r"file (passwords(?:-[\d.,]+)?) (-?\d{1,12})", line, re.ASCII)
        if head:
            files.append(PasswordFile(head[1], max(int(head[2]), 0)))
        elif files and re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", line, re.ASCII):
            last = files[-1]
            files[-1] = PasswordFile(last.name, last.seconds, (*last.addresses, checked_address(line)))
        else:
            message = "a line about pending passwords is neither a file nor an address"
            raise UnreadableError(message)
    return tuple(files)


def read_requests(text: str) -> frozenset[str]:
    """Return the addresses of guests that a password was sent to, as far as the router's log goes back."""
    return frozenset(checked_address(line.strip()) for line in text.splitlines())


def probe_parameters(target: RouterTarget, ports: Ports) -> tuple[str, ...]:
    """Return ``address@port`` for each address at which the router may serve."""
    return tuple(f"{address}@{ports.password}" for address in guest_addresses(target.router))


PASSWORD_PROBE = Question(
    name="password_probe",
    via=Via.SYSTEM_VM,
    # HEAD is refused by every era without a look at a password and, in eras B and C, without a line in the log.
    # Only words leave the router, never a byte of the answer. Era A closes its listener while it serves somebody,
    # hence three tries. An address that the router does not have is not dialled: it could be somebody else's.
    text=r"""
command -v bash >/dev/null 2>&1 || exit 127
here=$(ip -o -4 addr show) || exit
tries=3
[ ! -e "$ROOT/opt/cloud/bin/passwd_server_ip.py" ] || tries=1
ask='
exec 3<>"/dev/tcp/$1/$2" || exit 1
exec 2>/dev/null
printf "HEAD / HTTP/1.0\r\n\r\n" >&3
read -r -t 3 -N 1024 -u 3 answer
code=$?
end=${answer##*[![:space:]]}
answer=${answer%"$end"}
cr=$(printf "\r")
case $answer in
    "HTTP/1."?" 501 "*"Server: CloudStack Password Server"*) echo unsupported_method ;;
    "HTTP/1."?" 200 OK$cr$cr"*bad_request) echo never_serves ;;
    bad_request | "HTTP/1."?" "*"Server: CloudStack Password Server"*bad_request) echo bad_request ;;
    "") if [ "$code" -gt 128 ]; then echo silent; else echo closed; fi ;;
    *) echo other ;;
esac
'
probe() {
    address=${1%@*}
    case $here in
        *" inet $address/"* | *" inet $address "*) ;;
        *) echo "$address absent"; return ;;
    esac
    while :; do
        word=$(LC_ALL=C timeout 4 bash -c "$ask" bash "$address" "${1#*@}" 2>&1)
        case $?:$word in
            0:*) ;;
            124:* | 137:* | 143:*) word=timeout ;;
            *[Rr]efused*) word=refused ;;
            *) word=unreachable ;;
        esac
        tries=$((tries - 1))
        [ "$word" = refused ] && [ "$tries" -gt 0 ] || break
        sleep 2
    done
    echo "$address $word"
}
for one in "$@"; do
    probe "$one" &
done
wait
""",
    read=read_probe,
    privilege=PRIVILEGE,
    why="Whether the password service answers at each guest address.",
    seconds=10.0,
    size=16384,
    parameters=probe_parameters,
)

PASSWORD_UNITS = Question(
    name="password_units",
    via=Via.SYSTEM_VM,
    text=r"""
[ -d "$ROOT/run/systemd/system" ] || { echo 'no systemd'; exit 0; }
systemctl show -p Id,ActiveState,SubState,NRestarts,Result 'cloud-password-server@*'
""",
    read=read_units,
    privilege=PRIVILEGE,
    why="Why a password service of systemd is down: failed, or ended with 0 and therefore never restarted.",
)

PASSWORD_PENDING = Question(
    name="password_pending",
    via=Via.SYSTEM_VM,
    # Only what stands before the first = and is an address is printed; in era A an acknowledged password is
    # replaced by the word saved_password, later the line is removed.
    text=r"""
now=$(date +%s) || exit
for file in "$ROOT/var/cache/cloud/passwords" "$ROOT"/var/cache/cloud/passwords-*; do
    name=${file##*/}
    case $name in passwords-*[!0-9.,]*) continue ;; esac
    [ -f "$file" ] || continue
    changed=$(stat -c %Y "$file") || exit
    echo "file $name $((now - changed))"
    awk '{
        cut = index($0, "=")
        value = substr($0, cut + 1); sub(/[ \t\r]+$/, "", value)
        address = substr($0, 1, cut - 1)
        if (cut && value != "" && value != "saved_password" && address ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/)
            print address
    }' "$file" || exit
done
""",
    read=read_pending,
    privilege=PRIVILEGE,
    why="Which instances have not fetched and acknowledged their new password, without reading one.",
)

PASSWORD_REQUESTS = Question(
    name="password_requests",
    via=Via.SYSTEM_VM,
    # One message of the server may hold a password ("empty ip/password"): only addresses behind the one known
    # message are printed.
    text=r"""
[ -r "$ROOT/var/log/messages" ] || exit 127
for file in "$ROOT/var/log/messages.1" "$ROOT/var/log/messages"; do
    [ ! -r "$file" ] || tail -c 2000000 "$file"
done | sed -n \
    -e 's/^.* serve_password: password sent to \([0-9]*\.[0-9]*\.[0-9]*\.[0-9]*\)$/\1/p' \
    -e 's/^.* serve_password sent a password to \([0-9]*\.[0-9]*\.[0-9]*\.[0-9]*\)\.$/\1/p' | sort -u
""",
    read=read_requests,
    privilege=PRIVILEGE,
    why="Whether a guest with a pending password has asked for it: tells a broken script from a missing one.",
    every=5,
    seconds=2.0,
)
