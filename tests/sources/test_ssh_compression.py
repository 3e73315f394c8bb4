"""Compression of what machines send: it saves bytes, both sides may decline, and it is no way to our memory."""

from __future__ import annotations

import asyncio
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import String
from hypothesis import given
from hypothesis import strategies as st

from exporter.clock import SystemClock
from exporter.cloud.targets import Machine
from exporter.model import Reason
from exporter.sources.ssh import Asked, Mode, Request, Ssh
from exporter.sources.ssh_compression import LARGEST, PacketCompressor, PacketDecompressor
from tests.counting_relay import relaying
from tests.hostile_ssh import MACHINE, REQUEST, answers_well, make_keys, source, true_server
from tests.remote_questions import made
from tests.ssh_bench import Bench, running

LINE = "brvlan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master cloudbr0 state UP mode DEFAULT"
LARGE = made("large", f"exec seq -f '%.0f: {LINE}' 10000\n", size=4 * 1024 * 1024)
ZEROS = bytes(64 * 1024 * 1024)


@pytest.fixture(scope="module", params=["yes", "no"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A host whose sshd compresses, and one whose sshd does not."""
    yield from running(tmp_path_factory.mktemp("bench"), (LARGE,), f"Compression {request.param}")


@pytest.mark.real
@pytest.mark.parametrize("compress", [True, False])
async def test_a_large_answer_is_sent_in_few_bytes_where_both_sides_want_that(
    bench: Bench, tmp_path: Path, *, compress: bool
) -> None:
    """Counted on the wire between us and a real sshd, login and all; the answer is the same every way."""
    async with relaying(bench.host.address, bench.host.port) as relay:
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{relay.port} {bench.host.host_key}\n")
        settings = bench.settings(Mode.ROOT, known_hosts_file=known_hosts, port=relay.port, compress=compress)
        ssh = Ssh(settings, SystemClock(), bench.script)
        asked = Request((Asked(LARGE.name, (), LARGE.size),))
        found = await ssh.collect(Machine("kvm1", "127.0.0.1"), asked, seconds=30)
        await ssh.close()
    assert found.failure is None
    text = found.sections["large"].text
    assert text == "".join(f"{number}: {LINE}\n" for number in range(1, 10001))
    if compress and "Compression yes" in bench.host.options:
        assert relay.received < len(text) / 10
    else:
        assert relay.received > len(text)


@pytest.mark.parametrize(("compress", "algorithm"), [(True, "zlib@openssh.com"), (False, "none")])
async def test_it_is_asked_for_unless_it_is_switched_off(tmp_path: Path, *, compress: bool, algorithm: str) -> None:
    """In both directions, and only after the login."""
    seen = []

    async def looks(session: asyncssh.SSHServerProcess[bytes]) -> None:
        seen.append({session.get_extra_info(f"{way}_compression") for way in ("send", "recv")})
        await answers_well(session)

    async with true_server(make_keys(tmp_path), looks) as port:
        ssh = source(tmp_path, port, connect_seconds=10.0, compress=compress)
        found = await ssh.collect(MACHINE, REQUEST, seconds=20)
        await ssh.close()
    assert found.failure is None
    assert seen == [{algorithm}]


async def test_a_packet_that_swells_ends_the_connection(tmp_path: Path) -> None:
    """64 MiB in a packet of 64 KiB: the machine is not spoken to any further on it."""

    async def bombs(session: asyncssh.SSHServerProcess[bytes]) -> None:
        session.channel.get_connection().send_packet(MSG_IGNORE, String(ZEROS))
        await session.stdin.read()

    async with true_server(make_keys(tmp_path), bombs) as port:
        ssh = source(tmp_path, port, connect_seconds=10.0)
        async with asyncio.timeout(30):
            found = await ssh.collect(MACHINE, REQUEST, seconds=60)
        await ssh.close()
    assert found.failure is not None
    assert found.failure.reason is Reason.DISCONNECTED
    assert ssh.open_connections == 0


def test_a_packet_that_swells_takes_no_memory() -> None:
    """What is allocated stays near what one packet may hold."""
    bomb = PacketCompressor().compress(ZEROS)
    assert len(bomb) < 200_000
    tracemalloc.start()
    try:
        assert PacketDecompressor().decompress(bomb) is None
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, LARGEST - 1, LARGEST, LARGEST + 1])
def test_a_packet_may_be_as_large_as_without_compression(size: int) -> None:
    """And not a byte larger."""
    packet = PacketCompressor().compress(bytes(size))
    assert PacketDecompressor().decompress(packet) == (bytes(size) if size <= LARGEST else None)


@given(st.lists(st.binary(max_size=5000), max_size=20))
def test_packets_come_back_one_by_one(packets: list[bytes]) -> None:
    """Each is whole as soon as it is there: nothing waits in the stream."""
    compressor, decompressor = PacketCompressor(), PacketDecompressor()
    assert [decompressor.decompress(compressor.compress(packet)) for packet in packets] == packets


@given(st.binary(max_size=5000))
def test_broken_packets_are_refused_and_nothing_is_raised(data: bytes) -> None:
    """Whatever comes, it is bytes or the end of the connection."""
    found = PacketDecompressor().decompress(data)
    assert found is None or len(found) <= LARGEST


def test_streams_of_openssh_are_read() -> None:
    """zlib of any level and window."""
    for level in (1, 6, 9):
        stream = zlib.compressobj(level)
        decompressor = PacketDecompressor()
        for text in (b"a" * 32768, b"b" * 100, bytes(range(256)) * 100):
            packet = stream.compress(text) + stream.flush(zlib.Z_PARTIAL_FLUSH)
            assert decompressor.decompress(packet) == text
