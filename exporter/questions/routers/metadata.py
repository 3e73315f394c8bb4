"""How a virtual router serves user- and metadata: web server, rewrite rules, virtual hosts, probes.

Passwords, user data and public keys are never read: of user data only whether the file exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.cloud.routers import guest_addresses
from exporter.cloud.targets import RouterTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE, checked_address

LIST = "/latest/meta-data/"
HEALTHY = (200, 404)
"""What a router answers itself on LIST: 404 as it has no data of its own; everything else is a fault."""
HTTPS = 443
PLACEHOLDERS = (8180, 8443)
"""Ports of the virtual host template; they stay only where CloudStack failed to fill it in."""
WORDS = ("refused", "timeout", "absent", "other")
STATES = ("active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance", "unknown")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What one GET brought.

    Attributes:
        status: the HTTP status, None when none was read.
        word: without a status: refused, timeout, absent (the router lacks the address) or other (no HTTP).
    """

    address: str
    path: str
    status: int | None
    word: str = ""

    @property
    def seen(self) -> str:
        """Return what was seen, in words for people."""
        words = {"refused": "connection refused", "timeout": "no answer in time", "other": "an answer that is not HTTP"}
        words["absent"] = "the router does not have the address"
        return f"HTTP {self.status}" if self.status is not None else words[self.word]


@dataclass(frozen=True, slots=True)
class RewriteRules:
    """The rules that lead a guest to its data.

    Attributes:
        has_file: whether latest/.htaccess exists.
        is_on: whether it switches the rewrite engine on. CloudStack does that only in a file it makes: to an
            empty one it appends rules that do nothing.
        count: rules for meta-data.
    """

    has_file: bool
    is_on: bool = False
    count: int = 0

    @property
    def effective(self) -> int:
        """Return how many rules work."""
        return self.count if self.is_on else 0


@dataclass(frozen=True, slots=True)
class VirtualHosts:
    """Where the web server's configuration files make it listen, and for which addresses it has hosts.

    ``listens`` and ``hosts`` hold (address, port); the address is * for all.
    """

    listens: frozenset[tuple[str, int]] = frozenset()
    hosts: frozenset[tuple[str, int]] = frozenset()

    def is_served(self, address: str) -> bool:
        """Return whether a socket and a virtual host without TLS are configured for ``address``."""
        return _covers(self.listens, address) and _covers(self.hosts, address)

    @property
    def placeholders(self) -> int:
        """Return how many lines still hold a port of the template."""
        return sum(port in PLACEHOLDERS for _, port in (*self.listens, *self.hosts))


def _covers(places: frozenset[tuple[str, int]], address: str) -> bool:
    return any(where in (address, "*") and port not in (HTTPS, *PLACEHOLDERS) for where, port in places)


@dataclass(frozen=True, slots=True)
class WebServer:
    """The state of the unit, empty where systemd does not run the router, and the number of processes."""

    state: str
    processes: int

    @property
    def is_up(self) -> bool:
        """Return whether it runs."""
        return self.processes > 0 and self.state in ("", "active", "reloading")


def read_http(text: str) -> tuple[HttpAnswer, ...]:
    """Return the answers from lines of ``address@port path status|word``; none is an answer."""
    return tuple(_http_answer(line.split(" ")) for line in text.splitlines())


def _http_answer(words: list[str]) -> HttpAnswer:
    match words:
        case [place, "/" | "/latest/meta-data/" as path, result]:
            address = _address(place)
        case _:
            message = f"not a metadata answer: {' '.join(words)[:60]!r}"
            raise UnreadableError(message)
    if re.fullmatch("[1-5][0-9][0-9]", result):
        return HttpAnswer(address, path, int(result))
    if result in WORDS:
        return HttpAnswer(address, path, None, result)
    message = f"not a status: {result[:40]!r}"
    raise UnreadableError(message)


def _address(place: str) -> str:
    """Return the address of ``address@port``."""
    address, _, port = place.partition("@")
    if not re.fullmatch(r"\d{1,5}", port, re.ASCII):
        message = f"not address@port: {place[:60]!r}"
        raise UnreadableError(message)
    return checked_address(address)


def read_rules(text: str) -> RewriteRules:
    """Return the rules from ``on|off <count>``, or ``missing``."""
    word = text.strip()
    if word == "missing":
        return RewriteRules(has_file=False)
    if found := re.fullmatch(r"(on|off) (\d{1,6})", word, re.ASCII):
        return RewriteRules(has_file=True, is_on=found[1] == "on", count=int(found[2]))
    message = f"not a count of rules: {word[:60]!r}"
    raise UnreadableError(message)


def read_virtual_hosts(text: str) -> VirtualHosts:
    """Return the places from ``file:Listen place`` and ``file:<VirtualHost place...>`` lines, as Apache reads them."""
    listens: set[tuple[str, int]] = set()
    hosts: set[tuple[str, int]] = set()
    for line in text.splitlines():
        match line.partition(":")[2].strip().rstrip(">").split():
            case [word, place, *_] if word.lower() == "listen":
                listens.add(_place(place))
            case [word, *places] if word.lower() == "<virtualhost" and places:
                hosts.update(_place(place) for place in places)
            case _:
                message = f"not a virtual host line: {line[:60]!r}"
                raise UnreadableError(message)
    return VirtualHosts(frozenset(listens), frozenset(hosts))


def _place(text: str) -> tuple[str, int]:
    """Return address (or *) and port (0: any) of 80, 10.1.1.1:80, *:80, _default_:443, [::]:80, 10.1.1.1."""
    found = re.fullmatch(r"(?:(.+):)?(\d{1,5}|\*)", text, re.ASCII)
    where, port = (found[1], found[2]) if found else (text, "*")
    anywhere = where in (None, "*", "_default_", "0.0.0.0", "[::]")  # noqa: S104 - compared, not bound
    return "*" if anywhere else str(where), 0 if port == "*" else int(port)


def read_web_server(text: str) -> WebServer:
    """Return the web server's state from ``state <word>`` (systemd only) and ``processes <count>``."""
    found = re.fullmatch(r"(?:state (\w{1,20})\n)?processes (\d{1,6})\n?", text, re.ASCII)
    if not found or (found[1] or "active") not in STATES:
        message = f"not a state of the web server: {text[:60]!r}"
        raise UnreadableError(message)
    return WebServer(found[1] or "", int(found[2]))


def metadata_places(target: RouterTarget, ports: Ports) -> tuple[str, ...]:
    """Return ``address@port`` of every guest address that may serve metadata."""
    return tuple(f"{address}@{ports.metadata}" for address in guest_addresses(target.router))


METADATA_HTTP = Question(
    name="metadata_http",
    via=Via.SYSTEM_VM,
    # bash, not curl: old routers have none. All addresses at once, each under its own limit, so that one
    # that hangs costs only its own answer. An address that the router lacks would be asked elsewhere.
    text=r"""
command -v bash >/dev/null || exit 127
have=$(ip -o -4 addr show) || exit
ask() {
    case $have in
        *" ${1%@*}/"*) ;;
        *) echo "$1 $2 absent"; return ;;
    esac
    answer=$(LC_ALL=C timeout 3 bash -c '
        exec 3<>"/dev/tcp/$0/$1" || exit
        printf "GET %s HTTP/1.0\r\nUser-Agent: cloudstack-network-exporter\r\n\r\n" "$2" >&3
        IFS= read -r -n 12 line <&3
        printf %s "$line"' "${1%@*}" "${1#*@}" "$2" 2>&1)
    case $?:$answer in
        *:HTTP/1.[01]\ [1-5][0-9][0-9]) answer=${answer#* } ;;
        124:*) answer=timeout ;;
        *refused*) answer=refused ;;
        *) answer=other ;;
    esac
    echo "$1 $2 $answer"
}
for place in "$@"; do
    ask "$place" / &
    ask "$place" /latest/meta-data/ &
done
wait
exit 0
""",
    read=read_http,
    privilege=PRIVILEGE,
    why="Whether the metadata service answers on each guest address, asked by the router of itself.",
    seconds=6.0,
    parameters=metadata_places,
)

METADATA_RULES = Question(
    name="metadata_rules",
    via=Via.SYSTEM_VM,
    text=r"""
file="$ROOT/var/www/html/latest/.htaccess"
[ -e "$file" ] || { echo missing; exit 0; }
awk '
    tolower($1) == "rewriteengine" { state = tolower($2) }
    tolower($1) == "rewriterule" && index($2, "^meta-data") == 1 { rules++ }
    END { print (state == "on" ? "on" : "off"), rules + 0 }' "$file"
""",
    read=read_rules,
    privilege=PRIVILEGE,
    why="Whether guests are led to their data: the probe is answered 404 with and without the rules.",
    size=4096,
)

METADATA_VHOSTS = Question(
    name="metadata_vhosts",
    via=Via.SYSTEM_VM,
    # Era A: ports.conf and sites-enabled; B: conf.d too; C: sites-enabled/vhost-<address>.conf alone.
    text=r"""
cd "$ROOT/etc/apache2" 2>/dev/null || exit 127
grep -Hi '^[[:space:]]*\(Listen\|<VirtualHost\)[[:space:]]' \
    /dev/null ports.conf sites-enabled/* conf.d/* conf-enabled/* 2>/dev/null || :
""",
    read=read_virtual_hosts,
    privilege=PRIVILEGE,
    why="For which guest addresses the web server is configured, and whether the template was filled in.",
)

METADATA_WEB_SERVER = Question(
    name="metadata_web_server",
    via=Via.SYSTEM_VM,
    text=r"""
if [ -d "$ROOT/run/systemd/system" ]; then
    echo "state $(systemctl is-active apache2.service 2>/dev/null)"
fi
names=$(ps -eo comm) || exit
echo "processes $(printf '%s\n' "$names" | grep -c '^apache2')"
""",
    read=read_web_server,
    privilege=PRIVILEGE,
    why="Whether the web server that gives out metadata runs.",
    size=4096,
)
