"""What the database server means when it does not answer with rows."""

from __future__ import annotations

import socket
import ssl
import struct

import pymysql

from exporter.model import Failure, Reason, SourceError

REASONS = {
    1040: Reason.THROTTLED,  # too many connections
    1203: Reason.THROTTLED,  # this user has too many
    1226: Reason.THROTTLED,  # a resource limit of the account
    1044: Reason.PERMISSION,  # no access to this database
    1045: Reason.AUTH,  # wrong user or password
    1049: Reason.MISSING,  # no such database
    1054: Reason.UNSUPPORTED,  # a column that this schema does not have
    1146: Reason.UNSUPPORTED,  # a table that this schema does not have
    1130: Reason.AUTH,  # this host may not connect
    1142: Reason.PERMISSION,  # a table that is not granted
    1143: Reason.PERMISSION,  # a column that is not granted
    1205: Reason.TIMEOUT,  # waited for a lock
    1227: Reason.PERMISSION,
    1317: Reason.DISCONNECTED,  # somebody killed the statement
    1698: Reason.AUTH,  # the account logs in by another way than a password
    1820: Reason.AUTH,  # password expired: the session may do nothing but change it
    1862: Reason.AUTH,  # password expired: not let in
    1927: Reason.DISCONNECTED,  # somebody killed the connection (MariaDB)
    1969: Reason.TIMEOUT,  # max_statement_time (MariaDB)
    2003: Reason.REFUSED,
    2006: Reason.DISCONNECTED,
    2013: Reason.DISCONNECTED,
    2059: Reason.AUTH,  # the account logs in by a plugin that the library lacks
    3024: Reason.TIMEOUT,  # max_execution_time (MySQL)
    3118: Reason.AUTH,  # account locked
    3159: Reason.TLS,  # the server insists on TLS
    3955: Reason.AUTH,  # account locked for too many wrong passwords (MySQL)
    4031: Reason.DISCONNECTED,  # idle for too long (MySQL)
    4150: Reason.AUTH,  # the same (MariaDB)
    4151: Reason.AUTH,  # account locked (MariaDB)
}
"""Error number of server or client -> reason. Source: MariaDB and MySQL error references; those in tests were met."""
LOST = frozenset({1927, 2006, 2013, 2014, 2055, 4031})
"""Numbers after which the connection is of no use any more."""


TROUBLES = (
    SourceError, pymysql.err.Error, OSError, EOFError, ssl.SSLError,
    # what the library says of a server that does not speak the protocol, or asks for a file of ours
    RuntimeError, ValueError, LookupError, TypeError, AttributeError, NameError, AssertionError, struct.error,
)  # fmt: skip
"""Everything that a server, or whoever answers in its place, can bring about."""

NETWORK = {
    TimeoutError: (Reason.TIMEOUT, "did not answer in time"),
    socket.gaierror: (Reason.DNS, "has a name that does not resolve"),
    ConnectionRefusedError: (Reason.REFUSED, "refuses connections: nobody listens there"),
}
UNREACHABLE = (Reason.UNREACHABLE, "cannot be reached")


def trouble(error: BaseException, place: str) -> Failure:
    """Return what went wrong, as a reason and a short line that never holds a statement or a password."""
    below = error.__cause__ or error.__context__
    if isinstance(error, pymysql.err.OperationalError) and isinstance(below, OSError | EOFError):
        error = below  # the library's words for a connection that came to nothing hide why
    match error:
        case SourceError():
            reason, words = error.reason, f"{place} {error.detail}"
        case ssl.SSLCertVerificationError():
            reason, words = Reason.TLS, f"{place}: {error.verify_message}"
        case ssl.SSLError():
            reason, words = Reason.TLS, f"{place}: {(error.reason or 'handshake failed').lower().replace('_', ' ')}"
        case OSError() | EOFError():
            reason, said = next((told for kind, told in NETWORK.items() if isinstance(error, kind)), UNREACHABLE)
            words = f"{place} {said}"
        case _:
            number = number_of(error)
            reason = REASONS.get(number, Reason.FAILED if number else Reason.UNREADABLE)
            words = f"{place}: {_words(error)}"
    return Failure(reason, words)


def number_of(error: BaseException) -> int:
    """Return the error number, 0 when there is none."""
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def _words(error: BaseException) -> str:
    """Return the server's words on one line; a statement is quoted by syntax errors only, which are cut short.

    Of all other errors the name alone: what Python could not encode, it quotes, and that may be the password.
    """
    is_told = isinstance(error, pymysql.err.Error) and len(error.args) > 1
    said = str(error.args[1]) if is_told else type(error).__name__
    return " ".join("".join(char if char.isprintable() else " " for char in said).split())[:160]
