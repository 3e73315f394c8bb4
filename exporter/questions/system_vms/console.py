"""What a browser meets on its way to a console proxy: name, port, handshake, certificate, page, websocket.

A refused connection or a name that does not exist is an answer here: it is what the browser would get. Only
where the exporter itself could not ask (no name server, no route) there is none. So readers are given what the
probe brought or the SourceError that it raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from exporter.model import Question, Reason, SourceError, Via
from exporter.questions.certificates import Certificate, read_certificate
from exporter.questions.seen import HttpSeen, TlsSeen

PAGE = "/resource/noVNC/vnc.html"
PRIVILEGE = "none: a connection from the exporter"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the name led to; no address and the reason in ``detail`` when it leads nowhere."""

    addresses: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether a connection came about; ``reason`` says why not."""

    reason: Reason | None = None
    detail: str = ""

    @property
    def is_ok(self) -> bool:
        """Return whether it came about."""
        return self.reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """How TLS was negotiated.

    Attributes:
        is_used: False where the console is served without TLS; all else is then empty.
        reason: why no handshake came about, None when one did.
        error_code: OpenSSL's X509_V_ERR_* number when the chain did not verify.
        error: OpenSSL's words for it.
    """

    is_used: bool = True
    reason: Reason | None = None
    detail: str = ""
    protocol: str = ""
    error_code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The answer to a GET of the noVNC page; ``status`` 0 and a reason when there was none."""

    status: int = 0
    reason: Reason | None = None
    detail: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class NextName:
    """A name that the next console proxy may have, and the addresses it leads to."""

    hostname: str
    addresses: tuple[str, ...]


def _words(error: SourceError) -> str:
    """Return what went wrong in words, never empty: it is what the finding shows."""
    return error.detail or str(error.reason)


def read_lookup(raw: tuple[str, ...] | SourceError) -> Lookup:
    """Return what the name led to.

    Raises:
        SourceError: when no name server could be asked.
    """
    if not isinstance(raw, SourceError):
        return Lookup(raw)
    if raw.reason is not Reason.DNS:
        raise raw
    return Lookup((), _words(raw))


def read_connection(raw: object) -> Connection:
    """Return whether a connection came about.

    Raises:
        SourceError: when there is no route from the exporter.
    """
    if not isinstance(raw, SourceError):
        return Connection()
    if raw.reason is Reason.NO_WAY:
        raise raw
    return Connection(raw.reason, _words(raw))


def read_handshake(raw: TlsSeen | SourceError | None) -> Handshake:
    """Return how TLS was negotiated; None stands for a console without TLS."""
    match raw:
        case None:
            return Handshake(is_used=False)
        case TlsSeen():
            return Handshake(protocol=raw.protocol, error_code=raw.error_code, error=raw.error)
        case SourceError():
            return Handshake(reason=raw.reason, detail=_words(raw))


def read_certificates(raw: TlsSeen | SourceError | None) -> tuple[Certificate, ...]:
    """Return the one certificate that was shown; none for a console without TLS.

    Raises:
        SourceError: when no handshake came about.
        UnreadableError: when it breaks the format.
    """
    if isinstance(raw, SourceError):
        raise raw
    return () if raw is None else (read_certificate(raw.certificate),)


def read_page(raw: HttpSeen | SourceError) -> Page:
    """Return the answer to the GET."""
    if isinstance(raw, SourceError):
        return Page(reason=raw.reason, detail=_words(raw))
    return Page(status=raw.status, location=raw.location)


def read_next_names(raw: tuple[tuple[str, tuple[str, ...] | SourceError], ...]) -> tuple[NextName, ...]:
    """Return where each name leads.

    Raises:
        SourceError: when no name server could be asked about one of them.
    """
    return tuple(NextName(hostname, read_lookup(found).addresses) for hostname, found in raw)


# The seconds are the sums of the probe's own limits: 5 s for each lookup, connection, handshake and GET.
CONSOLE_NAME = Question(
    name="console_name",
    via=Via.PROBE,
    text="DNS: look up A, else AAAA, of the console proxy's effective hostname.",
    read=read_lookup,
    seconds=5.0,
    privilege=PRIVILEGE,
    why="A browser needs the name to lead to the console proxy.",
)

CONSOLE_TCP = Question(
    name="console_tcp",
    via=Via.PROBE,
    text="TCP: connect to the web port, at the address of the name, else at the public address.",
    read=read_connection,
    seconds=5.0,
    privilege=PRIVILEGE,
    why="A firewall, the public VLAN or a web server that did not start keeps every browser out.",
)

CONSOLE_TLS = Question(
    name="console_tls",
    via=Via.PROBE,
    text="TLS: one handshake that verifies, with SNI; a second one that does not when the first fails.",
    read=read_handshake,
    seconds=20.0,
    privilege=PRIVILEGE,
    why="A chain that browsers do not trust blocks the console inside the UI without a word.",
)

CONSOLE_CERTIFICATE = Question(
    name="console_certificate",
    via=Via.PROBE,
    text="TLS: the certificate of the same handshake.",
    read=read_certificates,
    seconds=20.0,
    privilege=PRIVILEGE,
    why="Its names and dates decide whether browsers accept it.",
)

CONSOLE_PAGE = Question(
    name="console_page",
    via=Via.PROBE,
    text=f"HTTP: GET {PAGE} without a token; redirects are not followed.",
    read=read_page,
    seconds=15.0,
    privilege=PRIVILEGE,
    why="The first page that a browser loads; 200 proves that the agent told the proxy to serve.",
)

CONSOLE_VNC = Question(
    name="console_vnc",
    via=Via.PROBE,
    text="TCP or TLS: connect to the websocket port and hang up; never an upgrade.",
    read=read_connection,
    seconds=10.0,
    privilege=PRIVILEGE,
    why="The page loads, yet without this port the screen stays black.",
)

CONSOLE_NEXT_NAMES = Question(
    name="console_next_names",
    via=Via.PROBE,
    text="DNS: look up some of the a-b-c-d names that the next console proxy may have.",
    read=read_next_names,
    seconds=25.0,
    privilege=PRIVILEGE,
    why="A proxy that is recreated gets another address: its name must exist beforehand.",
    every=10,
)
