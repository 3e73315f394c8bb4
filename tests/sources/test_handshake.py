"""Certificates of servers that demand one of their client: real TLS servers, and whatever else may be sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.model import Reason, SourceError
from exporter.questions.certificates import read_certificate
from exporter.sources.handshake import certificate_in
from exporter.sources.probe import Probe, ProbeSettings
from tests.real_parts import require
from tests.sources.certificate_maker import NOW, Signed, authority, leaf
from tests.sources.rough_servers import flooding, saying, serving

HOST = "127.0.0.1"
CA = authority("CloudStack Root CA")
LEAVES = {"good": leaf(CA, "kvm-1", "10.0.0.1"), "soon": leaf(CA, "kvm-1", end=5), "expired": leaf(CA, "kvm-1", end=-2)}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def probe(seconds: float = 5.0) -> Probe:
    return Probe(ProbeSettings(connect_seconds=seconds))


def demanding(folder: Path, shown: Signed, version: str = "1.3") -> ssl.SSLContext:
    """Return what libvirt does: only clients with a certificate of the CA are let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    context.load_cert_chain(*shown.write(folder, "server", CA))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(CA.write(folder, "ca")[0])
    return context


async def _hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("name", LEAVES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_server_that_demands_a_certificate_shows_its_own_first(version: str, name: str, tmp_path: Path) -> None:
    """With 1.3 the handshake is done before the server says no; with 1.2 it fails behind the certificate."""
    async with serving(_hold, demanding(tmp_path, LEAVES[name], version)) as port:
        seen = await probe().certificate(HOST, port)
    assert seen.certificate == LEAVES[name].der
    assert seen.protocol == ("TLSv1.3" if version == "1.3" else "")
    days = (read_certificate(seen.certificate).not_after - NOW.timestamp()) / 86400
    assert round(days) == {"good": 90, "soon": 5, "expired": -2}[name]


async def test_a_server_that_takes_anybody(tmp_path: Path) -> None:
    """Nobody verifies it here: it is signed by CloudStack's own CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*LEAVES["good"].write(tmp_path, "server"))
    async with serving(_hold, context) as port:
        seen = await probe().certificate(HOST, port)
    assert (seen.certificate, seen.protocol) == (LEAVES["good"].der, "TLSv1.2")


@asynccontextmanager
async def s_server(folder: Path, shown: Signed, *options: str) -> AsyncIterator[int]:
    """Run openssl's own server, which demands a certificate of its clients."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    certificate, key = shown.write(folder, "openssl", CA)
    command = ["openssl", "s_server", "-accept", f"{HOST}:{port}", "-cert", str(certificate), "-key", str(key)]
    process = await asyncio.create_subprocess_exec(
        *command, "-CAfile", str(CA.write(folder, "ca")[0]), "-Verify", "1", "-verify_return_error", *options,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            await process.stdout.readuntil(b"ACCEPT")
        yield port
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.real
@pytest.mark.parametrize("option", ["-tls1_2", "-tls1_3"])
async def test_openssl_as_the_server(option: str, tmp_path: Path) -> None:
    """Another implementation of when the client's certificate is missed."""
    require("openssl")
    async with s_server(tmp_path, LEAVES["soon"], option) as port:
        assert (await probe().certificate(HOST, port)).certificate == LEAVES["soon"].der


async def reason_of(port: int, seconds: float = 5.0) -> Reason:
    with pytest.raises(SourceError) as caught:
        await probe(seconds).certificate(HOST, port)
    assert caught.value.detail
    return caught.value.reason


async def test_what_is_no_tls_server() -> None:
    """Each has its reason: another protocol, a hang-up, silence, nobody."""
    async with serving(saying(b"SSH-2.0-OpenSSH_9.2\r\n", wait=False)) as port:
        assert await reason_of(port) is Reason.TLS
    async with serving(saying(wait=False)) as port:
        assert await reason_of(port) is Reason.DISCONNECTED
    async with serving(saying(hold=True)) as port:
        assert await reason_of(port, 0.3) is Reason.TIMEOUT
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        assert await reason_of(closed.getsockname()[1]) is Reason.REFUSED


async def test_a_server_that_never_ends_its_handshake() -> None:
    """Whatever it sends is bounded."""
    async with serving(flooding(b"", b"\x16\x03\x03\x40\x00" + bytes(0x4000))) as port:
        assert await reason_of(port) in {Reason.TLS, Reason.TOO_LARGE}


def records(*messages: bytes, size: int = 16384) -> bytes:
    """Return messages in handshake records of at most ``size`` bytes."""
    whole = b"".join(messages)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    return b"".join(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def chain(*certificates: bytes) -> bytes:
    links = b"".join(len(one).to_bytes(3, "big") + one for one in certificates)
    return message(11, len(links).to_bytes(3, "big") + links)


HELLO = message(2, bytes(70))
DER = LEAVES["good"].der


@pytest.mark.parametrize("size", [1, 7, 16384])
def test_the_first_link_of_the_chain_is_found(size: int) -> None:
    """However the records cut it."""
    assert certificate_in(records(HELLO, chain(DER, CA.der), message(12, bytes(300)), size=size)) == DER


@pytest.mark.parametrize(
    "stream",
    [b"", b"\x15\x03\x03\x00\x02\x02\x28", records(HELLO), records(HELLO, chain()), records(HELLO, chain(DER))[:-1],
     b"\x15\x03\x03\x00\x02\x02\x28" + records(chain(DER)), b"HTTP/1.1 400 Bad Request\r\n", b"\x16\x03\x03\xff"],
)  # fmt: skip
def test_a_certificate_that_is_not_there_whole(stream: bytes) -> None:
    """An alert, half of it, none, another protocol."""
    assert certificate_in(stream) == b""


@given(st.binary(max_size=400))
@example(b"\x16\x03\x03\x00\x00" * 50)
@example(records(message(11, b"\x00\x00\x09\xff\xff\xff")))
def test_whatever_is_sent(stream: bytes) -> None:
    """It ends, and what it brings stood in the stream."""
    found = certificate_in(stream)
    assert len(found) <= len(stream)
    assert certificate_in(records(HELLO, chain(stream or b"x"))) == (stream or b"x")
