"""How long a scrape takes, compared with the least it could take and with prometheus_client.

    python bench/scrape.py [--series 50000] [--scrapes 30]

Serves the same series by our web application and, as the physical floor, from a bare socket that sends
the finished uncompressed bytes; a client in another process reads to the end. Figures are ratios, because
absolute times belong to a machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from exporter.clock import SystemClock
from exporter.findings import Snapshot
from exporter.model import Metric
from exporter.page import Page
from exporter.web.application import application
from exporter.web.serve import listening

FAMILIES, ROWS = 20, 10  # per target
LABELS = ("zone", "pod", "cluster", "host", "vm", "account")
METRICS = tuple(
    Metric(f"cloudstack_network_family_{n:02d}_state", "State of a thing, from a place.", labels=LABELS)
    for n in range(FAMILIES)
)


class NoBoard:
    """Nobody looks at findings here."""

    def snapshot(self) -> Snapshot:
        """Return nothing."""
        return Snapshot(at=0.0, tiles=())


def labels(target: int, row: int) -> tuple[str, ...]:
    """Return label values as long as real ones."""
    host = f"hypervisor-{target:05d}.dc1.example.net"
    return ("zone-1", f"pod-{target // 64}", f"cluster-{target // 16}", host, f"i-2-{target * ROWS + row}-VM", "dept-7")


def value(target: int, row: int) -> int:
    """Return a number that looks like no other, so that compression has it no easier than in earnest."""
    return (target * 7919 + row * 104729) % 99991


def fill(page: Page, targets: int, turn: int) -> None:
    """Put all series, with values of this turn."""
    for target in range(targets):
        for metric in METRICS:
            samples = [metric.sample(*labels(target, row), value=value(target, row + turn)) for row in range(ROWS)]
            page.put(("host", f"h{target:05d}"), f"cluster-{target // 16:04d}", metric, samples, None)


def read_all(address: tuple[str, int], encoding: str, scrapes: int, results: Connection) -> None:
    """Scrape again and again and send back the seconds of each."""
    request = f"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: {encoding}\r\n\r\n".encode()
    seconds = []
    for _ in range(scrapes):
        start = time.perf_counter()
        with socket.create_connection(address) as connection:
            connection.sendall(request)
            while connection.recv(1 << 20):
                pass
        seconds.append(time.perf_counter() - start)
        time.sleep(0.01)
    results.send(seconds)


async def timed(address: tuple[str, int], encoding: str, scrapes: int) -> list[float]:
    """Run the client in a process of its own and return its seconds, sorted."""
    ours, theirs = multiprocessing.Pipe()
    client = multiprocessing.get_context("spawn").Process(target=read_all, args=(address, encoding, scrapes, theirs))
    client.start()
    seconds: list[float] = await asyncio.to_thread(ours.recv)
    await asyncio.to_thread(client.join)
    return sorted(seconds)


@asynccontextmanager
async def bare_socket(body: bytes) -> AsyncIterator[tuple[str, int]]:
    """Serve finished bytes from a thread, with nothing around them."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(body)

    thread = asyncio.create_task(asyncio.to_thread(serve))
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        await thread


def with_prometheus_client(targets: int) -> float:
    """Return the seconds that prometheus_client takes to render the same series once."""
    registry = CollectorRegistry()
    for metric in METRICS:
        gauge = Gauge(metric.name, metric.help, LABELS, registry=registry)
        for target in range(targets):
            for row in range(ROWS):
                gauge.labels(*labels(target, row)).set(value(target, row))
    start = time.perf_counter()
    generate_latest(registry)
    return time.perf_counter() - start


def resident() -> int:
    """Return this process's resident bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def lag(stop: asyncio.Event) -> float:
    """Return the longest time the event loop kept anybody waiting until ``stop``."""
    worst = 0.0
    while not stop.is_set():
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - start - 0.001)
    return worst


def show(name: str, seconds: list[float], floor: float) -> None:
    """Print p50 and p99, and p50 as a multiple of the floor."""
    p50, p99 = statistics.median(seconds), seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
    print(f"{name:34} p50 {p50 * 1e3:8.1f} ms   p99 {p99 * 1e3:8.1f} ms   {p50 / floor:6.2f} x floor")


def filled(targets: int, count: int) -> Page:
    """Return a full page, and print what filling and changing it cost."""
    gc.collect()
    before, start = resident(), time.perf_counter()
    page = Page(SystemClock(), METRICS)
    fill(page, targets, 0)
    first = (time.perf_counter() - start) / count * 1e6
    gc.collect()
    print(f"{count:,} series of {targets:,} targets, {(resident() - before) / count:.0f} bytes resident per series")
    start = time.perf_counter()
    fill(page, targets, 1)
    change = (time.perf_counter() - start) / count * 1e6
    print(f"first put {first:.1f} us per series, changed values {change:.1f} us per series, making samples included")
    return page


async def over_http(page: Page, scrapes: int, floor: float) -> None:
    """Scrape the web application, compressed and not."""
    app = application(page, NoBoard(), lambda: True, version="bench")
    async with listening(app, [("127.0.0.1", 0)]) as [address]:
        for encoding in ("gzip", "identity"):
            stop = asyncio.Event()
            watch = asyncio.create_task(lag(stop))
            cpu = time.process_time()
            seconds = await timed(address, encoding, scrapes)
            cpu = (time.process_time() - cpu) / scrapes
            stop.set()
            show(f"GET /metrics, {encoding}", seconds, floor)
            print(f"{'':34} {cpu * 1e3:.1f} ms CPU, longest wait of the loop {await watch * 1e3:.1f} ms")


async def main(series: int, scrapes: int) -> None:
    """Measure and print."""
    targets = max(1, series // FAMILIES // ROWS)
    page = filled(targets, targets * FAMILIES * ROWS)
    text, packed = b"".join(page.text()), page.gzip()
    print(
        f"{len(text) / 1e6:.1f} MB of text, {len(packed) / 1e6:.2f} MB compressed, ratio {len(text) / len(packed):.1f}"
    )
    async with bare_socket(text) as address:
        bare = await timed(address, "identity", scrapes)
    floor = statistics.median(bare)
    show("bare socket, uncompressed (floor)", bare, floor)
    await over_http(page, scrapes, floor)
    show("prometheus_client, rendering alone", [with_prometheus_client(targets)], floor)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=50_000)
    parser.add_argument("--scrapes", type=int, default=30)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.series, arguments.scrapes))
