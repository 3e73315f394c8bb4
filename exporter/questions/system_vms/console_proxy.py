"""What a console proxy says of itself: its agent, its sockets, its ports. Asked inside the proxy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.routers.sockets import read_sockets

PRIVILEGE = "root inside the console proxy, through its host"


@dataclass(frozen=True, slots=True)
class Agent:
    """The CloudStack agent in the system VM.

    Attributes:
        processes: how many Java processes run it; 1 is healthy.
        unit: ActiveState of cloud.service, empty where there is no systemd.
    """

    processes: int
    unit: str = ""


def read_connections(text: str) -> tuple[str, ...]:
    """Return the peers, as ``address:port``, of established connections listed by ss or netstat, any version.

    The first line names the tool, so that an empty list is told from an empty answer.
    """
    tool, *lines = text.splitlines() or [""]
    if tool not in {"ss", "netstat"}:
        message = f"neither ss nor netstat: {tool[:40]!r}"
        raise UnreadableError(message)
    return tuple(_peer(line.split()) for line in lines if line.strip() and not _is_heading(line))


def _is_heading(line: str) -> bool:
    """Return whether a line is a heading of ss or netstat."""
    return line.startswith(("Recv-Q", "State", "Active Internet", "Proto"))


def _peer(words: list[str]) -> str:
    """Return the other side of one connection: ss gives no state where it is filtered by it, netstat does."""
    match words:
        case ["ESTAB", received, sent, _, peer, *_] | ["tcp" | "tcp6", received, sent, _, peer, "ESTABLISHED"]:
            pass
        case [received, sent, _, peer, *_]:
            pass
        case _:
            received = sent = peer = ""
    address, _, port = peer.rpartition(":")
    address = address.partition("%")[0].strip("[]").removeprefix("::ffff:")
    if not (_is_count(received) and _is_count(sent) and _is_count(port) and re.fullmatch(r"[0-9a-fA-F.:]+", address)):
        message = f"not a connection: {' '.join(words)[:60]!r}"
        raise UnreadableError(message)
    return f"{address}:{port}"


def _is_count(word: str) -> bool:
    """Return whether a word is a plain number."""
    return re.fullmatch(r"\d{1,10}", word, re.ASCII) is not None


def read_agent(text: str) -> Agent:
    """Return the agent's state from ``word=value`` lines."""
    words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if not _is_count(words.get("processes", "")):
        message = f"no number of processes in {text[:60]!r}"
        raise UnreadableError(message)
    return Agent(int(words["processes"]), words.get("ActiveState", "").strip()[:40])


def read_hosts(text: str) -> tuple[str, ...]:
    """Return the management servers of ``host=``: names or addresses, without ``@algorithm``; none is an answer.

    As in all Java properties the last line wins.
    """
    value = (text.splitlines() or [""])[-1].partition("@")[0].replace("\\", "")
    hosts = tuple(word.strip() for word in value.split(",") if word.strip())
    if not all(re.fullmatch(r"[A-Za-z0-9._:-]{1,255}", host) for host in hosts):
        message = f"not a list of hosts: {value[:60]!r}"
        raise UnreadableError(message)
    return hosts


def read_port(text: str) -> int:
    """Return the port, 0 when the file is not there (no noVNC before 4.15)."""
    word = text.strip()
    if word == "none":
        return 0
    if not _is_count(word) or not 0 < int(word) < 65536:
        message = f"not a port: {word[:40]!r}"
        raise UnreadableError(message)
    return int(word)


def read_release(text: str) -> str:
    """Return the release, for example ``Cloudstack Release 4.20.1 Thu Mar 20 10:11:12 UTC 2025``."""
    line = text.strip().partition("\n")[0].strip()
    if not line.lower().startswith("cloudstack release"):
        message = f"not a release: {line[:60]!r}"
        raise UnreadableError(message)
    return line[:120]


def _agent_port(_target: ConsoleProxyTarget, ports: Ports) -> tuple[str, ...]:
    """Return the port of management servers as the one parameter."""
    return (str(ports.agent),)


PROXY_AGENT_CONNECTIONS = Question(
    name="proxy_agent_connections",
    via=Via.SYSTEM_VM,
    # Old versions of ss have no -H: the reader skips headings.
    text=r"""
if command -v ss >/dev/null 2>&1; then
    echo ss
    ss -tn state established "( dport = :$1 )"
else
    list=$(netstat -tn) || exit
    echo netstat
    printf '%s\n' "$list" | awk -v port=":$1\$" '$5 ~ port && $6 == "ESTABLISHED"'
fi
""",
    read=read_connections,
    privilege=PRIVILEGE,
    why="Whether the agent really holds its connection to a management server, beside what CloudStack believes.",
    size=16384,
    parameters=_agent_port,
)

PROXY_AGENT = Question(
    name="proxy_agent",
    via=Via.SYSTEM_VM,
    # The agent's arguments hold passwords in some versions: processes are counted, never printed.
    text=r"""
[ ! -d "$ROOT/run/systemd/system" ] || systemctl show -p ActiveState cloud.service
list=$(ps -eo args) || exit
printf 'processes=%s\n' "$(printf '%s\n' "$list" | grep -c '^[^ ]*java .*com\.cloud\.agent\.[A]gentShell')"
""",
    read=read_agent,
    privilege=PRIVILEGE,
    why="Without its agent the proxy serves nobody, whatever its ports look like.",
    size=4096,
)

PROXY_SOCKETS = Question(
    name="proxy_sockets",
    via=Via.SYSTEM_VM,
    text=r"""
if command -v ss >/dev/null 2>&1; then
    ss -ltn
else
    netstat -lnt
fi
""",
    read=read_sockets,
    privilege=PRIVILEGE,
    why="Whether web and websocket ports are open inside: it tells a dead web server from a firewall.",
)

PROXY_VNC_PORT = Question(
    name="proxy_vnc_port",
    via=Via.SYSTEM_VM,
    text=r"""
file="$ROOT/root/vncport"
if [ -e "$file" ]; then head -c 16 "$file"; else echo none; fi
""",
    read=read_port,
    privilege=PRIVILEGE,
    why="The websocket port is fixed when the proxy is created; a later change of TLS settings does not reach it.",
    every=10,
    size=64,
)

PROXY_MANAGEMENT_HOSTS = Question(
    name="proxy_management_hosts",
    via=Via.SYSTEM_VM,
    # The same file holds keystore passwords: this one key leaves the proxy.
    text=r"""
sed -n 's/^host *= *//p' "$ROOT/usr/local/cloud/systemvm/conf/agent.properties"
""",
    read=read_hosts,
    privilege=PRIVILEGE,
    why="Where the agent looks for management servers; localhost or an old address is why it is not Up.",
    every=10,
    size=4096,
)

PROXY_RELEASE = Question(
    name="proxy_release",
    via=Via.SYSTEM_VM,
    text=r"""
head -n 1 "$ROOT/etc/cloudstack-release"
""",
    read=read_release,
    privilege=PRIVILEGE,
    why="Which template the proxy was made from.",
    every=30,
    size=4096,
)
