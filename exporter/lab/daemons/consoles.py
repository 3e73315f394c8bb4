"""What console proxies serve to browsers: the noVNC page and the websocket port, with and without TLS.

Source of the answers: ConsoleProxy of CloudStack's system VM, a JDK HttpServer and a Jetty websocket server.
"""

from __future__ import annotations

import asyncio

from exporter.lab.certificates import Authority
from exporter.lab.daemons.listeners import Handler, Opener, Place, here, request, served, silence
from exporter.lab.seen import Seen
from exporter.lab.world.world import SystemVm, World

PAGE = "/resource/noVNC/vnc.html"
HTML = "<!DOCTYPE html><html><head><title>noVNC</title></head><body></body></html>"


def console_places(world: World, vm: SystemVm, authority: Authority, seen: Seen) -> dict[Place, Opener]:
    """Return what a running console proxy listens on at its public address."""
    console, ports = vm.console, world.ports
    if vm.kind != "consoleproxy" or vm.state != "Running":
        return {}
    tls = world.serves_tls(vm)
    found: dict[Place, Opener] = {}
    context = authority.context(console.certificate)
    about = f"{vm.name}-{console.certificate}-{console.page}"
    if console.web:
        answer = silence if console.page == "silent" else _page(console.page, seen)
        opener = served(answer, context) if tls else served(answer)
        found[vm.public, ports.console_https if tls else ports.console_http, f"web-{tls}-{about}"] = opener
    if console.vnc:
        opener = served(_websocket, context) if console.vnc_tls else served(_websocket)
        port = ports.console_vnc_tls if console.vnc_tls else ports.console_vnc
        found[vm.public, port, f"vnc-{console.vnc_tls}-{about}"] = opener
    return found


def _page(status: str, seen: Seen) -> Handler:
    """Return a web server whose noVNC page answers ``status``."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _ = await request(reader)
        seen.console.append((here(writer), line))
        path = [*line.split(), "", ""][1].partition("?")[0]
        code, body = (404, "<h1>404 Not Found</h1>No context found for request")
        if path == PAGE:
            code, body = int(status), HTML if status == "200" else "<h1>Error</h1>"
        elif path.startswith("/resource/") and (path.endswith("/") or ".." in path):
            code, body = 403, ""
        head = f"HTTP/1.1 {code} {'OK' if code == 200 else 'Error'}\r\nContent-Type: text/html\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    return answer


async def _websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a plain GET as Jetty does; there is no session to upgrade to."""
    line, _ = await request(reader)
    if line:
        writer.write(b"HTTP/1.1 404 Not Found\r\nServer: Jetty\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
