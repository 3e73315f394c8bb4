"""Why there is no answer, and the one exception that carries it."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why there is no answer. A closed list: it is a label value."""

    NOT_CONFIGURED = "not_configured"  # the source is not set up; never a failure
    DNS = "dns"  # a name did not resolve
    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # no route, host or network down
    TIMEOUT = "timeout"  # the deadline passed
    DISCONNECTED = "disconnected"  # the other side closed in the middle
    TLS = "tls"  # the TLS handshake failed
    HOST_KEY = "host_key"  # the SSH host key is unknown or has changed
    AUTH = "auth"  # key or password rejected
    PERMISSION = "permission"  # logged in, but this is not allowed
    THROTTLED = "throttled"  # the other side asks us to slow down
    BOOTING = "booting"  # the management server is starting
    BEHIND = "behind"  # what would be asked is not fresh enough to be judged: a replica that lags, an upgrade
    UNSUPPORTED = "unsupported"  # this version does not know the question
    MISSING = "missing"  # a command or file that the question needs is not there
    FAILED = "failed"  # the command ended with an error
    TOO_LARGE = "too_large"  # the answer passed its byte limit
    UNREADABLE = "unreadable"  # the answer is not in a format we know
    WRAPPER = "wrapper"  # the wrapper on the host is missing or of another version
    WRONG_MACHINE = "wrong_machine"  # the machine that answered has another name
    NO_WAY = "no_way"  # CloudStack does not say where the machine is (no host, no address)
    INTERNAL = "internal"  # a defect of the exporter


class SourceError(Exception):
    """A source could not answer.

    Attributes:
        reason: from the closed list.
        detail: one short line for people; never holds a secret.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class UnreadableError(ValueError):
    """Raised by a reader: the text is not in a format it knows."""
