"""TCP, TLS and HTTP against servers that refuse, hang, drip, flood and lie."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from pathlib import Path

import pytest

from exporter.model import Reason, SourceError
from exporter.questions.certificates import read_certificate
from exporter.sources.probe import Probe, ProbeSettings
from tests.sources.certificate_maker import Signed, authority, leaf
from tests.sources.rough_servers import flooding, saying, serving

HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"
CA = authority("Test Root")
GOOD = leaf(CA, "console.example")


def probe(seconds: float = 0.4, ca_file: Path | None = None, concurrency: int = 8) -> Probe:
    return Probe(ProbeSettings(connect_seconds=seconds, ca_file=ca_file, concurrency=concurrency))


def served_with(folder: Path, certificate: Signed, *chain: Signed) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.write(folder, "server", *chain))
    return context


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    return CA.write(tmp_path, "ca")[0]


def open_sockets() -> int:
    """Return how many sockets this process holds."""
    gc.collect()
    return sum(
        1 for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink() and "socket:" in str(entry.readlink())
    )


async def reason_of(step: object) -> Reason:
    with pytest.raises(SourceError) as caught:
        await step  # type: ignore[misc]
    assert caught.value.detail
    return caught.value.reason


async def test_tcp_connects_and_hangs_up() -> None:
    """The other side sees the connection end without a byte."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listener(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.set_result(await reader.read())
        except ConnectionResetError:
            heard.set_result(b"")

    async with serving(listener) as port:
        await probe().tcp(HOST, port)
        assert await heard == b""


async def test_a_port_where_nobody_listens_is_refused() -> None:
    """A closed port is told from a silent one."""
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        port = closed.getsockname()[1]
        assert await reason_of(probe().tcp(HOST, port)) is Reason.REFUSED
        assert await reason_of(probe().tls(HOST, port, "a.example")) is Reason.REFUSED
        assert await reason_of(probe().http(HOST, port, "a.example", "/", tls=False)) is Reason.REFUSED


async def test_a_full_backlog_is_a_timeout() -> None:
    """A machine that drops SYNs costs its own seconds."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((HOST, 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        assert await reason_of(probe().tcp(HOST, full.getsockname()[1])) is Reason.TIMEOUT


async def test_no_address_is_no_way() -> None:
    """A proxy without a public address is never dialled as localhost."""
    assert await reason_of(probe().tcp("", 80)) is Reason.NO_WAY


async def test_a_plain_page_is_read(tmp_path: Path) -> None:
    """Status, content type and the start of the body come back; the request is one GET with our Host."""
    heard: list[bytes] = []

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()

    async with serving(page) as port:
        seen = await probe().http(HOST, port, "console.example", "/x", tls=False)
    assert (seen.status, seen.content_type, seen.start) == (200, "text/html", b"hello")
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /x HTTP/1.1"
    assert f"Host: console.example:{port}" in lines
    assert "Connection: close" in lines


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", 404),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 403 \r\n\r\nno", 403),
        (b"HTTP/1.1 500\r\nX\r\n\r\n", 500),
    ],
)
async def test_every_status_is_an_answer(answer: bytes, status: int) -> None:
    """Also short, empty and odd ones."""
    async with serving(saying(answer)) as port:
        assert (await probe().http(HOST, port, "a.example", "/", tls=False)).status == status


async def test_a_redirect_is_told_and_not_followed() -> None:
    """Only one connection is made, and the location is cut."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://b.example/" + b"x" * 4000 + b"\r\nContent-Length: 0\r\n\r\n"
    async with serving(saying(answer, hold=True)) as port:
        seen = await probe().http(HOST, port, "a.example", "/", tls=False)
    assert seen.status == 302
    assert seen.location.startswith("https://b.example/")
    assert len(seen.location) == 200


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (saying(), Reason.DISCONNECTED),
        (saying(b"HTTP/1.1 200 OK\r\nContent-"), Reason.DISCONNECTED),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.UNREADABLE),
        (saying(b"\x00\xff\r\n\r\n"), Reason.UNREADABLE),
        (saying(b"HTTP/2 200\r\n\r\n"), Reason.UNREADABLE),
        (saying(hold=True), Reason.TIMEOUT),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", hold=True), Reason.TIMEOUT),
        (saying(*([b"H"] * 100), pause=0.05), Reason.TIMEOUT),
        (flooding(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 1000 + b"\r\n"), Reason.TOO_LARGE),
        (flooding(b"", b"\x00" * 4096), Reason.TOO_LARGE),
    ],
    ids=["hangs up", "cut", "ssh", "binary", "http2", "silent", "no body", "drips", "headers flood", "flood"],
)
async def test_what_is_no_answer_has_a_reason(handler: object, reason: Reason) -> None:
    """Each bad server ends in its reason, within the seconds of the probe."""
    async with serving(handler) as port:  # type: ignore[arg-type]
        assert await reason_of(probe().http(HOST, port, "a.example", "/", tls=False)) is reason


async def test_a_body_without_end_is_cut() -> None:
    """A flood after good headers costs a few hundred bytes."""
    async with serving(flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"z" * 65536)) as port:
        seen = await probe().http(HOST, port, "a.example", "/", tls=False)
    assert seen.status == 200
    assert 0 < len(seen.start) <= 512


@pytest.mark.parametrize("host", ["a b", "a\r\nX: y", "", "a/b", "ä.example"])
async def test_a_host_that_is_none_is_never_sent(host: str) -> None:
    """A setting cannot smuggle lines into a request."""
    async with serving(saying(OK)) as port:
        assert await reason_of(probe().http(HOST, port, host, "/", tls=False)) is Reason.DNS


async def test_a_good_chain_verifies(tmp_path: Path, ca_file: Path) -> None:
    """The configured CA counts, the leaf is given as DER, and SNI was sent."""
    names: list[str | None] = []
    context = served_with(tmp_path, GOOD)
    context.sni_callback = lambda _session, name, _context: names.append(name)
    async with serving(saying(OK), context) as port:
        seen = await probe(2, ca_file).tls(HOST, port, "console.example")
    assert (seen.error_code, seen.error, seen.protocol) == (None, "", "TLSv1.3")
    assert seen.certificate == GOOD.der
    assert names == ["console.example"]


async def test_an_untrusted_chain_is_read_all_the_same(tmp_path: Path) -> None:
    """Without the CA the verification error is told beside the certificate."""
    async with serving(saying(OK), served_with(tmp_path, GOOD)) as port:
        seen = await probe(2).tls(HOST, port, "console.example")
    assert seen.error_code == 20
    assert "issuer" in seen.error
    assert read_certificate(seen.certificate).covers("console.example")


async def test_a_page_is_read_over_a_bad_certificate(tmp_path: Path) -> None:
    """The certificate is judged elsewhere; the page is evidence of its own."""
    async with serving(saying(OK), served_with(tmp_path, leaf(None, "x.example", end=-1))) as port:
        assert (await probe(2).http(HOST, port, "console.example", "/", tls=True)).status == 200


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.TLS),
        (saying(), Reason.DISCONNECTED),
        (saying(b"\x16\x03\x03\x00\x40"), Reason.DISCONNECTED),
        (saying(hold=True), Reason.TIMEOUT),
        (saying(b"\x16\x03\x03\x40\x00", *([b"\x02"] * 100), pause=0.05), Reason.TIMEOUT),
        (saying(b"\x15\x03\x03\x00\x02\x02\x28"), Reason.TLS),
        (flooding(b"", b"\xff" * 4096), Reason.TLS),
    ],
    ids=["plaintext", "hangs up", "cut hello", "silent", "drips", "alert", "flood"],
)
async def test_what_is_no_handshake_has_a_reason(handler: object, reason: Reason) -> None:
    """Each bad TLS server ends in its reason."""
    async with serving(handler) as port:  # type: ignore[arg-type]
        assert await reason_of(probe().tls(HOST, port, "a.example")) is reason
        assert await reason_of(probe().http(HOST, port, "a.example", "/", tls=True)) is reason


@pytest.mark.parametrize("name", [".x.example", "x" * 64 + ".example"])
async def test_a_server_name_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    """A domain setting that makes no host name ends in DNS, not in a defect."""
    async with serving(saying(OK), served_with(tmp_path, GOOD)) as port:
        assert await reason_of(probe(2).tls(HOST, port, name)) is Reason.DNS


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    """After many bad probes no socket and no task remains."""
    before, tasks = open_sockets(), len(asyncio.all_tasks())
    async with serving(saying(hold=True)) as port, serving(saying(OK), served_with(tmp_path, GOOD)) as tls_port:
        dialler = probe(0.2, concurrency=20)
        steps = [dialler.tls(HOST, port, "a.example") for _ in range(10)]
        steps += [dialler.tls(HOST, tls_port, "a.example") for _ in range(10)]
        await asyncio.gather(*steps, return_exceptions=True)
        cancelled = asyncio.ensure_future(dialler.http(HOST, port, "a.example", "/", tls=True))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    for _ in range(100):
        if (open_sockets(), len(asyncio.all_tasks())) == (before, tasks):
            break
        await asyncio.sleep(0.02)
    assert open_sockets() == before
    assert len(asyncio.all_tasks()) == tasks


async def test_a_ca_file_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    """A missing file and one without certificates both refuse to start."""
    with pytest.raises(FileNotFoundError):
        probe(ca_file=tmp_path / "none.pem")
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    with pytest.raises(ssl.SSLError):
        probe(ca_file=empty)
