"""What the texts mean that CloudStack shows of a template whose download failed.

The texts are open-ended: of CloudStack's own code, of Java, of scripts. They may hold URLs with passwords, so only what
:func:`shown` leaves of them is told to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 512
"""Characters that are looked at; the database holds 255."""
SHOWN = 120
"""Characters that are shown."""


class ErrorClass(StrEnum):
    """Why a template could not be had. A closed list: it is a label value."""

    DNS = "dns"  # the host of the URL does not resolve where the secondary storage VM looks
    CONNECT = "connect"  # its host cannot be reached from the secondary storage VM
    HTTP_STATUS = "http_status"  # the server answered, but not with the file
    REDIRECT = "redirect"  # the server sends elsewhere
    TLS = "tls"  # the certificate of the server is not trusted
    SIZE = "size"  # larger than max.template.iso.size or the account may have
    FORMAT = "format"  # not what was said at registration
    CHECKSUM = "checksum"  # another checksum than was given
    NO_SSVM = "no_ssvm"  # nobody is there to download it
    STORAGE_WRITE = "storage_write"  # secondary storage does not take it
    CORRUPTED = "corrupted"  # was there and can no longer be read
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Phrases, in lower case, of which each in a text gives it this class."""

    error: ErrorClass
    phrases: tuple[str, ...]


MEANINGS = (
    Meaning(ErrorClass.CORRUPTED, ("is corrupted",)),
    Meaning(ErrorClass.CHECKSUM, ("checksum",)),
    Meaning(ErrorClass.NO_SSVM, ("no secondary storage vm", "no remote endpoint", "host or ssvm is down")),
    Meaning(
        ErrorClass.TLS,
        ("pkix", "sslhandshake", "sslexception", "sslpeer", "certification path", "certificate", "handshake_failure"),
    ),
    Meaning(
        ErrorClass.DNS,
        ("unknownhost", "unknown host", "name or service not known", "name resolution", "unable to resolve",
         "could not resolve", "nodename nor servname"),
    ),
    Meaning(ErrorClass.REDIRECT, ("redirect",)),
    Meaning(
        ErrorClass.STORAGE_WRITE,
        ("no space left", "read-only file system", "permission denied", "stale file handle", "stale nfs",
         "input/output error", "disk quota exceeded", "unable to create"),
    ),
    Meaning(
        ErrorClass.SIZE,
        ("size is too large", "too large", "max.template.iso.size", "maximum number of resources", "exceed"),
    ),
    Meaning(
        ErrorClass.FORMAT,
        ("unsupported, or mismatch", "invalid file format", "qcow2 metadata", "unsupported format",
         "unable to parse ovf", "failed to install"),
    ),
    Meaning(
        ErrorClass.HTTP_STATUS,
        ("http server returned", "length of download", "partial get", "response code", "status code", "forbidden",
         "unauthorized", "404 not found"),
    ),
    Meaning(
        ErrorClass.CONNECT,
        ("connection refused", "no route to host", "timed out", "timeout", "network is unreachable",
         "connection reset", "connection closed", "premature end", "end of stream", "check url", "broken pipe"),
    ),
    Meaning(ErrorClass.STORAGE_WRITE, ("post download",)),  # the script that unpacks and moves; its words come first
)  # fmt: skip
"""Looked through from the first: what is certain comes before what merely goes with it."""
HEALTHY = ("download complete", "% downloaded", "installing template", "processing", "bypassed secondary storage")
"""Texts of templates that are ready, or on their way."""
STATES = frozenset({
    "allocated", "creating", "creating2", "created", "ready", "copying", "migrating", "migrated", "destroying",
    "destroyed", "hidden", "uploaded", "notuploaded", "uploadinprogress", "active", "inactive",
})  # fmt: skip
"""States that CloudStack shows where there is no text of an error: of a copy, or of the template itself."""
UPLOADS_FAILED = frozenset({"uploaderror", "uploadabandoned"})
FAILED_STATES = UPLOADS_FAILED | {"failed"}
"""States that say that nothing more will come of it, whatever its copies say."""


def state_word(text: str) -> str:
    """Return a status as its word stands in the sets of states."""
    return text[:LONGEST].casefold().strip()


def error_class(text: str) -> ErrorClass:
    """Return what a text means. Substrings only, so that no text makes it slow."""
    words = text[:LONGEST].casefold()
    for meaning in MEANINGS:
        if any(phrase in words for phrase in meaning.phrases):
            return meaning.error
    return ErrorClass.DNS if _is_host_name(words.strip()) else ErrorClass.OTHER


def is_error(text: str) -> bool:
    """Return whether a status is the text of an error, for versions that tell no states of downloads."""
    words = state_word(text)
    return bool(words) and words not in STATES and not any(phrase in words for phrase in HEALTHY)


def shown(text: str) -> str:
    """Return what people may see of a text: addresses and assignments, which may hold secrets, are left out."""
    words = ["(left out)" if any(mark in word for mark in ("://", "@", "=", "?")) else word for word in _words(text)]
    return " ".join(words)[:SHOWN]


def _words(text: str) -> list[str]:
    """Return the words of a text; the last one is dropped where the text was cut."""
    words = text[:LONGEST].split()
    return words[:-1] if len(text) > LONGEST else words


def _is_host_name(words: str) -> bool:
    """Return whether a text is a host name and nothing else: Java says no more of one that does not resolve."""
    labels = words.split(".")
    return len(labels) > 1 and all(label.replace("-", "").isalnum() for label in labels) and labels[-1].isalpha()
