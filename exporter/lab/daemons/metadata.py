"""The web server of true routers, as Apache with CloudStack's rewrite rules answers: by the client's address.

Source of the table: requests recorded against Apache 2.4 with the tree that CloudStack's scripts wrote.
"""

from __future__ import annotations

import asyncio
import re

from exporter.lab.daemons.listeners import Opener, Place, peer, request, served, silence
from exporter.lab.inside.processes import is_backup
from exporter.lab.inside.router import CANARY, metadata_values
from exporter.lab.seen import Seen
from exporter.lab.world.world import Live, MetadataEntry, Router

REASONS = {200: "OK", 301: "Moved Permanently", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
DIRECT = re.compile(r"/(?:metadata|userdata)/(\d+\.\d+\.\d+\.\d+)/([a-z0-9-]*)")
SHIPPED_WRONG = ("cloud-domain", "cloud-domain-id")
"""Keys that CloudStack's own rules lead to vm-id."""


def metadata_places(live: Live, router: Router, port: int, seen: Seen) -> dict[Place, Opener]:
    """Return the web servers of a router: at its guest addresses, for a primary at the gateways too."""
    if router.web.state == "down":
        return {}
    addresses = [nic.address for nic in router.guest_nics]
    if router.redundant and not is_backup(router):
        addresses += [nic.gateway for nic in router.guest_nics]
    closed = router.web.hidden_vhosts | router.web.unfilled_vhosts
    state = f"metadata-{router.answers}-{'silent' if router.web.state == 'silent' else 'up'}"
    opener = served(silence) if router.web.state == "silent" else served(Web(live, router.answers, seen).answer)
    return {(address, port, state): opener for address in addresses if address not in closed}


class Web:
    """One router's web server."""

    def __init__(self, live: Live, name: str, seen: Seen) -> None:
        self._live = live
        self._name = name
        self._seen = seen

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        line, _ = await request(reader)
        here = str(writer.get_extra_info("sockname")[0])
        self._seen.web.append((here, peer(writer), line))
        path = [*line.split(), "", ""][1]
        status, body = self.look_up(path, peer(writer))
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: Apache\r\nConnection: close\r\n"
        if status == 301:
            head += f"Location: http://{here}{path}/\r\n"
        if status != 200:
            body = f"<html><head><title>{status} {REASONS[status]}</title></head><body></body></html>\n"
            head += "Content-Type: text/html; charset=iso-8859-1\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def look_up(self, path: str, client: str) -> tuple[int, str]:
        """Return status and body of ``path`` for the machine at ``client``."""
        if path == "/latest":
            return 301, ""
        if path.startswith("/latest/"):
            return self._latest(path.removeprefix("/latest/"), client)
        found = DIRECT.fullmatch(path)
        if found:
            return self._direct(found[1], found[2], client)
        return (403 if path in {"/", "/metadata/", "/userdata/", "/.htaccess"} else 404), ""

    def _latest(self, wish: str, client: str) -> tuple[int, str]:
        """Return what the rewrite rules lead to: what lies under the client's own address."""
        web = self._live.router(self._name).web
        if web.state == "broken":
            return 500, ""
        if not wish:
            return 403, ""
        entry = web.entries.get(client)
        if web.rules != "up" or entry is None:
            return 404, ""
        word = wish.rstrip("/")
        if word in SHIPPED_WRONG:
            word = "vm-id"
        return self._file(entry, word.removeprefix("meta-data/"))

    def _direct(self, address: str, name: str, client: str) -> tuple[int, str]:
        """Return a file by its path: only its own machine gets it, unless its .htaccess is missing."""
        entry = self._live.router(self._name).web.entries.get(address)
        if entry is None:
            return 404, ""
        if not name or (client != address and entry.htaccess):
            return 403, ""
        return self._file(entry, name)

    def _file(self, entry: MetadataEntry, name: str) -> tuple[int, str]:
        values = metadata_values(self._live.router(self._name), entry)
        values["meta-data"] = "".join(f"{key}\n" for key in values)
        values["user-data"] = f"#cloud-config\npassword: {CANARY}\n" if entry.user_data else ""
        return (200, values[name]) if values.get(name) else (404, "")
