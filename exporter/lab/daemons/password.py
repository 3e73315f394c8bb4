"""The password daemons of all eras, byte for byte, at the guest addresses of true routers.

Source of the bytes: recordings of CloudStack's own scripts.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass

from exporter.lab.daemons.listeners import (
    Closer,
    Opener,
    Place,
    accepted,
    ended,
    guarded,
    peer,
    request,
    served,
    silence,
)
from exporter.lab.inside.processes import password_address
from exporter.lab.inside.router import CANARY
from exporter.lab.seen import Seen
from exporter.lab.world.world import Era, Live, PasswordService, Router

SERVER = "Server: CloudStack Password Server 4.x\r\n"


def password_places(live: Live, router: Router, port: int, seen: Seen) -> dict[Place, Opener]:
    """Return the password daemons of a router that listen."""
    found: dict[Place, Opener] = {}
    for number, service in enumerate(router.passwords):
        now = Now(live, router.answers, number, seen)
        opener = _opener(router.era, service.state, now)
        if opener:
            found[password_address(service), port, f"password-{router.answers}-{service.state}"] = opener
    return found


@dataclass(frozen=True, slots=True)
class Now:
    """One password service, as the world of this moment has it."""

    live: Live
    router: str
    number: int
    seen: Seen

    @property
    def service(self) -> PasswordService:
        """Return it."""
        return self.live.router(self.router).passwords[self.number]

    def note(self, line: str, wish: str) -> None:
        """Note a request."""
        self.seen.password.append((self.service.listen, line, wish))


def _opener(era: Era, state: str, now: Now) -> Opener | None:
    match state:
        case "silent":
            return served(silence)
        case "taken":
            return served(_another)
        case "up" | "status_line" if era == "A":
            return OneByOne(now).open
        case "up":
            return served(PythonServer(now, old=era == "B").answer)
        case _:
            return None


def _word(service: PasswordService, client: str, wish: str) -> str:
    """Return what a password server says to ``DomU_Request: wish``, and acknowledge what is to be."""
    if wish == "send_my_password":
        return CANARY if client in service.pending else "saved_password"
    if wish == "saved_password":
        service.pending.pop(client, None)
        return "saved_password"
    return "bad_request"


class PythonServer:
    """passwd_server_ip.py, of era B under Python 2, of era C under Python 3: one thread a client."""

    def __init__(self, now: Now, *, old: bool) -> None:
        self._now = now
        self._old = old

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        line, headers = await request(reader)
        wish = headers.get("domu_request", "")
        self._now.note(line, wish)
        method = line.partition(" ")[0]
        date = time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime())
        if method != "GET":
            tail = "Content-Type: text/html\r\n" if self._old else "Content-Type: text/html;charset=utf-8\r\n"
            length = "" if self._old else "Content-Length: 357\r\n"
            text = (
                f"HTTP/1.0 501 Unsupported method ('{method}')\r\n{SERVER}{date}Connection: close\r\n{tail}{length}\r\n"
            )
            writer.write(text.encode())
            return
        word = _word(self._now.service, peer(writer), wish)
        kind = "Content-type" if self._old else "content-type"
        late = f"HTTP/1.0 400 Bad Request\r\n{SERVER}{date}" if self._old and word == "bad_request" else ""
        head = f"HTTP/1.0 200 OK\r\n{SERVER}{date}{kind}: text/plain\r\nServer: CloudStack Password Server\r\n\r\n"
        writer.write(f"{head}{late}{word}".encode())


class OneByOne:
    """socat without fork before serve_password.sh: one client, then the listener is made anew."""

    def __init__(self, now: Now) -> None:
        self._now = now

    async def open(self, address: str, port: int) -> Closer:
        """Start the loop; it ends when the returned function is called."""
        self._listening = _listening(address, port)
        task = asyncio.create_task(self._loop(address, port))

        async def close() -> None:
            await ended({task})
            self._listening.close()

        return close

    async def _loop(self, address: str, port: int) -> None:
        while True:
            client = await accepted(self._listening)
            self._listening.close()  # nobody else gets in while this one is served
            reader, writer = await asyncio.open_connection(sock=client)
            await guarded(self._answer)(reader, writer)
            await asyncio.sleep(0.006)
            self._listening = _listening(address, port)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read up to a blank line or the wish, answer without a status line."""
        line = (await reader.readline()).decode("latin-1").strip()
        wish, header = "", line
        while header and not wish:
            header = (await reader.readline()).decode("latin-1").strip()
            if header.startswith("DomU_Request:"):
                wish = header.partition(":")[2].strip()
        self._now.note(line, wish)
        if self._now.service.state == "status_line":
            writer.write(b"HTTP/1.0 200 OK\r\r\nDocumentType: text/plain\r\r\n\r\r\nbad_request\r\n")
            return
        writer.write(f"{_word(self._now.service, peer(writer), wish)}\r\n".encode())


def _listening(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(5)
    made.setblocking(False)
    return made


async def _another(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as the other program that took the port."""
    await request(reader)
    writer.write(b"HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n")
