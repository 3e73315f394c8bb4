"""What to do about templates, where several checks say the same, and by what an error means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from exporter.checks.templates.error_texts import ErrorClass

REGISTER_AGAIN = (
    "Try the URL from inside the secondary storage VM (curl -I), then delete the template and register it again:"
    " CloudStack does not try again by itself."
)
SEE_SSVM = (
    "See that a secondary storage VM of the zone runs with its agent Up (ssvm-check.sh inside); else destroy it,"
    " CloudStack makes a new one."
)
SEE_LOGS = (
    "Look for its id in management-server.log and in /var/log/cloud.log of the secondary storage VM: why it was never"
    " finished; then delete the template and make or register it again."
)
TELL_OWNER = (
    "Nobody else misses it: tell its owner to delete it and to register a URL that works, or delete it yourself."
)
ALLOW_SITE = (
    "The URL leads to a private address: add its network to secstorage.allowed.internal.sites (of the zone where it has"
    " its own value), restart the management servers and destroy the secondary storage VM."
)
FIND_HOST = (
    "The secondary storage VM does not resolve the URL's host: check the zone's DNS from inside it, then register the"
    " template again."
)
REACH_HOST = (
    "The secondary storage VM does not reach the URL's host: check its public gateway and firewalls, and"
    " secstorage.allowed.internal.sites for private addresses; then register the template again."
)
SERVE_FILE = (
    "The web server does not give the file: open the URL as the secondary storage VM does (curl -I, no login,"
    " Content-Length must be told), then register the template with a URL that works."
)
END_OF_REDIRECTION = "Register the template with the URL that the redirection ends at (curl -sIL shows it)."
TRUST_SERVER = (
    "The secondary storage VM does not trust the web server: let it send all intermediates, or register by http and"
    " with a checksum."
)
RAISE_LIMIT = (
    "Raise max.template.iso.size, or the account's limit of secondary storage; or make the image smaller"
    " (qemu-img convert -c)."
)
NAME_FORMAT = (
    "Look at the file with qemu-img info: register it with the format that it has, or convert it; a compressed file"
    " must end in .gz, .bz2 or .zip."
)
COMPARE_CHECKSUM = (
    "Compare the checksum given at registration with that of the file: the download was cut, or the file has changed."
)
MEND_STORAGE = (
    "See from inside the secondary storage VM whether the export is full, read-only or stale, then register the"
    " template again."
)
RESTORE_COPY = "The copy in secondary storage cannot be read any more: restore it there or register the template again."
BY_ERROR: Mapping[ErrorClass, str] = MappingProxyType(
    {
        ErrorClass.DNS: FIND_HOST,
        ErrorClass.CONNECT: REACH_HOST,
        ErrorClass.HTTP_STATUS: SERVE_FILE,
        ErrorClass.REDIRECT: END_OF_REDIRECTION,
        ErrorClass.TLS: TRUST_SERVER,
        ErrorClass.SIZE: RAISE_LIMIT,
        ErrorClass.FORMAT: NAME_FORMAT,
        ErrorClass.CHECKSUM: COMPARE_CHECKSUM,
        ErrorClass.NO_SSVM: SEE_SSVM,
        ErrorClass.STORAGE_WRITE: MEND_STORAGE,
        ErrorClass.CORRUPTED: RESTORE_COPY,
        ErrorClass.OTHER: REGISTER_AGAIN,
    }
)
"""What an error means -> what to do about it."""
