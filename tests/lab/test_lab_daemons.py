"""Password, metadata and name servers answer as recorded ones do, by the client's address."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from exporter.lab import Lab
from exporter.lab.daemons.metadata import Web
from exporter.lab.inside.router import CANARY
from exporter.lab.seen import Seen
from exporter.lab.world.world import Live, MetadataEntry, Router, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
SAMPLES = Path(__file__).parents[1] / "samples"
WAITING, QUIET = 11, 10
"""Last numbers of the instance whose password waits, and of one without."""


async def talk(address: str, port: int, sent: bytes, source: str = "127.0.0.1") -> bytes:
    """Send and return everything that comes back."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port, local_addr=(source, 0)), 5)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return answer


def plain(answer: bytes) -> bytes:
    """Return an answer without what differs from day to day, and with the sample's password."""
    answer = re.sub(rb"Date: [^\r]*", b"Date: D", answer)
    return answer.replace(CANARY.encode(), b"Example-Pw1")


def recorded(sample: str, client: str, wish: str) -> bytes:
    """Return what was received in the recording for the first request under a heading with these words."""
    text = (SAMPLES / "router" / sample).read_text()
    pattern = rf"^## {client}[^\n]*{re.escape(wish)}[^\n]*\nsent +b[^\n]*\nreceived (b[^\n]*)$"
    found = re.search(pattern, text, re.MULTILINE)
    assert found, (sample, client, wish)
    return plain(ast.literal_eval(found[1]))


@pytest.mark.parametrize(
    ("number", "sample"), [(4, "password.bytes"), (6, "password.bytes.python2"), (5, "password.bytes.era-a")]
)
async def test_password_bytes(lab: Lab, number: int, sample: str) -> None:
    """Each era answers byte for byte as CloudStack's own script; a guest with a saved password gets it."""
    router = lab.world.router(number)
    here, port = router.guest_nics[0].address, lab.ports.password
    guest = here.rpartition(".")[0] + f".{WAITING}"
    router.passwords[0].pending[guest] = 60
    requests = [
        (here, "router", "GET without header", b"GET / HTTP/1.0\r\n\r\n"),
        (here, "router", "HEAD", b"HEAD / HTTP/1.0\r\n\r\n"),
        (here, "router", "send_my_password", b"GET / HTTP/1.0\r\nDomU_Request: send_my_password\r\n\r\n"),
        (guest, "client", "send_my_password", b"GET / HTTP/1.0\r\nDomU_Request: send_my_password\r\n\r\n"),
        (guest, "client", "saved_password", b"GET / HTTP/1.0\r\nDomU_Request: saved_password\r\n\r\n"),
        (guest, "client", "after the ack", b"GET / HTTP/1.0\r\nDomU_Request: send_my_password\r\n\r\n"),
    ]
    for source, who, wish, sent in requests:
        known = "send_my_password" if wish == "after the ack" else wish
        expected = recorded(sample, "router" if wish == "after the ack" else f"{who}(?: 10.1.1.10)?:", known)
        answer = await _patiently(here, port, sent, source)
        assert plain(answer) == expected, (who, wish)


async def _patiently(here: str, port: int, sent: bytes, source: str) -> bytes:
    """Talk; the listener of era A is away for some milliseconds after each client."""
    for _ in range(100):
        try:
            return await talk(here, port, sent, source)
        except ConnectionError:
            await asyncio.sleep(0.01)
    pytest.fail("nobody listens")


async def _connected(here: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as soon as the listener is there again."""
    for _ in range(100):
        try:
            return await asyncio.open_connection(here, port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
    pytest.fail("nobody listens")


async def test_era_a_serves_one_client_at_a_time(lab: Lab) -> None:
    """While somebody is connected and silent, everybody else is refused."""
    here, port = lab.world.router(5).guest_nics[0].address, lab.ports.password
    assert await _patiently(here, port, b"HEAD / HTTP/1.0\r\n\r\n", "127.0.0.1")
    reader, writer = await _connected(here, port)
    deadline = asyncio.get_running_loop().time() + 5
    refused = False
    while not refused and asyncio.get_running_loop().time() < deadline:
        try:
            _, second = await asyncio.open_connection(here, port)
            second.close()
            await asyncio.sleep(0.01)
        except ConnectionRefusedError:
            refused = True
    writer.close()
    await writer.wait_closed()
    assert refused
    assert await _patiently(here, port, b"HEAD / HTTP/1.0\r\n\r\n", "127.0.0.1") == b"bad_request\r\n"
    del reader


def recorded_table(sample: str) -> list[tuple[str, str, int, int]]:
    """Return (client, path, status, body length) of every line of a recording; 0 for a page of Apache's own."""
    client, rows = "", []
    for line in (SAMPLES / "metadata" / sample).read_text().splitlines():
        if line.startswith("## from"):
            client = next(iter(re.findall(r"10\.1\.1\.\d+", line)), "10.1.1.1")
        found = re.match(r"(/\S*) +-> HTTP/1.1 (\d+) .* \| (\d+) bytes \|", line)
        if found:
            rows.append((client, found[1], int(found[2]), int(found[3]) if found[2] == "200" else 0))
    return rows


@pytest.mark.parametrize(
    ("sample", "change"),
    [
        ("web.requests.healthy", ""),
        ("web.requests.htaccess-missing", "missing"),
        ("web.requests.htaccess-empty", "empty"),
        ("web.requests.rewrite-disabled", "broken"),
        ("web.requests.vm-dir-missing", "no entry"),
        ("web.requests.vm-htaccess-missing", "open"),
    ],
)
async def test_metadata_answers_as_recorded(lab: Lab, sample: str, change: str) -> None:
    """Status for every recorded path and client, and the same number of keys in the list."""
    web = _web(lab, change)
    rows = recorded_table(sample)
    assert rows
    for client, path, status, length in rows:
        told, body = web.look_up(path, client)
        assert told == status, (client, path)
        if path.endswith("vm-id") or path.rstrip("/").endswith("meta-data"):
            assert len(body) == length, (client, path)


def _web(lab: Lab, change: str) -> Web:
    """Return a web server whose router has the recording's instances."""
    world = World(lab.ports, lab.world.start, lab.world.now)
    old = lab.world.router(4)
    router = Router(4, old.zone, old.host, "C", old.control, old.nics, old.networks)
    router.web.entries = {
        "10.1.1.10": MetadataEntry("10.1.1.10", "v" * 36, "web01", user_data=True, public_key=True),
        "10.1.1.11": MetadataEntry("10.1.1.11", "w" * 36, "db01"),
        "10.1.1.12": MetadataEntry("10.1.1.12", "x" * 36, "silent01"),
    }
    if change in {"missing", "empty"}:
        router.web.rules = change
    elif change == "broken":
        router.web.state = "broken"
    elif change == "no entry":
        del router.web.entries["10.1.1.10"]
    elif change == "open":
        router.web.entries["10.1.1.10"].htaccess = False
    world.routers = [router]
    return Web(Live(world), router.name, Seen())


async def test_metadata_over_the_wire(lab: Lab) -> None:
    """A guest gets its own id, the router itself 404."""
    router = lab.world.router(4)
    here, port = router.guest_nics[0].address, lab.ports.metadata
    guest = lab.world.served(router)[0]
    answer = await talk(here, port, b"GET /latest/vm-id HTTP/1.0\r\n\r\n", guest.nic.address)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(guest.id.encode())
    answer = await talk(here, port, b"GET /latest/meta-data/ HTTP/1.0\r\n\r\n", here)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")


async def resolve(address: str, port: int, name: str) -> tuple[dns.rcode.Rcode, list[str]]:
    """Return what a name server says."""
    reply = await dns.asyncquery.udp(dns.message.make_query(name, "A"), address, timeout=5, port=port)
    return reply.rcode(), [str(data) for rrset in reply.answer for data in rrset]


async def test_a_router_knows_data_server(lab: Lab) -> None:
    """Each tier of a VPC is told the address in its own network; a backup does not answer at all."""
    port = lab.ports.dns
    for nic in lab.world.router(9).guest_nics:
        assert await resolve(nic.address, port, "data-server") == (dns.rcode.NOERROR, [nic.address])
    primary = lab.world.router(7).guest_nics[0]
    assert await resolve(primary.gateway, port, "data-server") == (dns.rcode.NOERROR, [primary.gateway])
    assert (await resolve(primary.gateway, port, "nosuch"))[0] == dns.rcode.NXDOMAIN


async def test_browsers_find_every_possible_console_name(lab: Lab) -> None:
    """All a-b-c-d names of the zone's range resolve, others do not."""
    port = lab.ports.resolver
    assert await resolve("127.0.0.1", port, "127-2-1-19.console.lab.example") == (dns.rcode.NOERROR, ["127.2.1.19"])
    assert (await resolve("127.0.0.1", port, "127-9-9-9.console.lab.example"))[0] == dns.rcode.NXDOMAIN
    assert (await resolve("127.0.0.1", port, "console.west.lab.example"))[1] == ["127.2.2.10"]
