"""The whole exporter against a large lab: series, scrape p50/p99, memory, CPU, event-loop lag, visits.

    python bench/lab_scale.py --hosts 2000 --routers 4000 --vms-per-host 16 --interval 300
    python bench/lab_scale.py --hosts 1000 --routers 20 --vms-per-host 100 --interval 120

Each router has two instances beside those of the hosts: the first line makes 40,000 of them. The lab runs in a process
of its own on the same machine, so both share its cores: read the exporter's CPU seconds and the turns of its event
loop, not the wall time of a round.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import yaml

ADDRESS = "127.0.0.1:20061"
OWN = "cloudstack_network_exporter"
LAST = "_target_last_success_timestamp_seconds"


@contextlib.asynccontextmanager
async def process(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with these words and end it by its id."""
    running = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        await running.wait()


async def lab_config(lab: asyncio.subprocess.Process, interval: float) -> tuple[str, str]:
    """Return the lab's control page, and the path of a configuration with intervals of a real cloud."""
    assert lab.stdout is not None
    told: dict[str, str] = {}
    while "configuration" not in told:
        line = (await lab.stdout.readline()).decode().split()
        if not line:
            sys.exit("the lab did not start")
        told[line[0]] = line[1]
    path = Path(told["configuration"])
    config = yaml.safe_load(path.read_text())
    config["intervals"] = {**dict.fromkeys(config["intervals"], interval), "deadline": 60}
    config["web"] = {"listen_address": ADDRESS}
    chosen = path.with_name("bench.yml")
    chosen.write_text(yaml.safe_dump(config))
    return told["faults"], str(chosen)


def values(page: str, name: str, labels: str = "") -> list[float]:
    """Return the values of a metric's samples whose labels hold ``labels``."""
    lines = (line.rpartition(" ") for line in page.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
    return [float(number) for sample, _, number in lines if labels in sample]


class Scraper:
    """Fetches /metrics, keeps the worst lag it was told, and counts visits of hosts by when the last one was."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.lag = 0.0
        self.visits: set[str] = set()

    async def page(self) -> str:
        """Return the page as text."""
        async with self.session.get(f"http://{ADDRESS}/metrics", headers={"Accept-Encoding": "identity"}) as answer:
            text = await answer.text()
        self.lag = max(self.lag, *values(text, f"{OWN}_event_loop_lag_seconds"))
        self.visits.update(line for line in text.splitlines() if line.startswith(f'{OWN}{LAST}{{kind="host"'))
        return text

    async def until_visited(self, hosts: int, seconds: float) -> str:
        """Return the page when every host and router was visited, or the newest after ``seconds``."""
        end = time.monotonic() + seconds
        while True:
            await asyncio.sleep(2)
            with contextlib.suppress(aiohttp.ClientError):
                text = await self.page()
                routers = sum(values(text, f"{OWN}_inventory_objects", 'kind="routers"'))
                seen = [len(values(text, f"{OWN}_target_up", f'kind="{kind}"')) for kind in ("host", "router")]
                if (hosts <= seen[0] and 0 < routers <= seen[1]) or time.monotonic() > end:
                    return text

    async def times(self, encoding: str, number: int) -> list[float]:
        """Return the milliseconds of so many scrapes, one second apart, in order of size."""
        found = []
        for _ in range(number):
            began = time.perf_counter()
            async with self.session.get(f"http://{ADDRESS}/metrics", headers={"Accept-Encoding": encoding}) as answer:
                async for _chunk in answer.content.iter_any():
                    pass
            found.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(1)
        return sorted(found)


async def count_visits(scraper: Scraper, control: str, seconds: float) -> None:
    """Print the visits of hosts that the exporter tells of, and the commands that the lab's hosts were given."""
    end = time.monotonic() + seconds
    while True:
        await scraper.page()
        async with scraper.session.get(f"{control}seen", headers={"Accept-Encoding": "identity"}) as answer:
            seen = await answer.json()
        commands = seen.get("host", 0)
        if len(scraper.visits) == commands or time.monotonic() > end:
            print(f"visits of hosts {len(scraper.visits)}, commands executed for them {commands}")
            print(f"connections that hosts were told to make {seen['places']}, commands in all {seen['ssh']}")
            print(f"connections of ours to libvirt {seen.get('libvirt_tls', 0)}")
            return
        await asyncio.sleep(1)


async def measure(scraper: Scraper, control: str, given: argparse.Namespace) -> None:
    """Wait for the first round, scrape, and print."""
    began, interval = time.monotonic(), given.interval
    text = await scraper.until_visited(given.hosts, 3 * interval + 60)
    print(f"every host and router visited after {time.monotonic() - began:.0f} s (interval {interval:g} s)")
    await count_visits(scraper, control, interval)
    lasted = values(text, f"{OWN}_target_visit_duration_seconds", 'kind="host"')
    print(f"a visit of a host takes {statistics.median(lasted):.2f} s, the slowest {max(lasted):.2f} s")
    print(f"CPU until then {sum(values(text, 'process_cpu_seconds_total')):.0f} s")
    print(f"worst event-loop lag of the cold round {1000 * scraper.lag:.0f} ms")
    scraper.lag = 0.0
    await measure_scrapes(scraper, given.scrapes)
    await measure_round(scraper, interval)


async def measure_scrapes(scraper: Scraper, number: int) -> None:
    """Print what scrapes take."""
    for encoding in ("gzip", "identity"):
        times = await scraper.times(encoding, number)
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        print(f"{encoding:9} scrape p50 {statistics.median(times):.1f} ms, p99 {p99:.1f} ms")
        await scraper.page()


async def measure_round(scraper: Scraper, interval: float) -> None:
    """Print what one warm round takes, and what stands after it."""
    text = await scraper.page()
    cpu, since = sum(values(text, "process_cpu_seconds_total")), time.monotonic()
    while time.monotonic() < since + interval:
        await asyncio.sleep(min(10.0, interval))
        text = await scraper.page()
    used = sum(values(text, "process_cpu_seconds_total")) - cpu
    share = used / (time.monotonic() - since)
    size = sum(values(text, f"{OWN}_page_bytes")) / 1e6
    print(f"series {sum(values(text, f'{OWN}_page_series')):.0f}, page {size:.2f} MB")
    memory = sum(values(text, "process_resident_memory_bytes")) / 1e6
    print(f"memory {memory:.0f} MB, CPU of a warm round {used:.0f} s, {100 * share:.0f} % of a core")
    print(f"worst event-loop lag of a warm round {1000 * scraper.lag:.0f} ms")
    up = values(text, f"{OWN}_target_up")
    failed = sum(values(text, f"{OWN}_question_failures_total"))
    print(f"targets up {sum(up):.0f} of {len(up)}, questions failed {failed:.0f}")
    verdicts = ("healthy", "problem", "unknown", "not_configured")
    objects = {one: sum(values(text, "cloudstack_network_issue_objects", f'verdict="{one}"')) for one in verdicts}
    print("objects of all issues:", ", ".join(f"{one} {number:.0f}" for one, number in objects.items()))


def tell_stopwatch(told: dict[str, Any], number: int) -> None:
    """Print what bench/measured.py wrote: the dearest judgments, groups, refreshes, and the longest turns."""
    for table in ("groups", "judgments"):
        print(f"{table}: seconds, number, longest, of whom")
        for name, row in list(told[table].items())[:number]:
            print(f"  {name:60} {row['seconds']:8.2f} {row['number']:8} {row['longest']:7.3f} {row['about']}")
    by_longest = sorted(told["judgments"].items(), key=lambda item: -item[1]["longest"])[:number]
    print("longest judgments:", ", ".join(f"{name} {row['longest']:.3f}" for name, row in by_longest))
    for row in told["refreshes"]:
        print("refresh:", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in row.items()))
    print("longest turns of the loop:", told["turns"][:number])
    for generation, row in told["collections"].items():
        words = f"{row['number']} passes, {row['seconds']:.2f} s, longest {row['longest']:.3f} s, freed {row['freed']}"
        print(f"collector, generation {generation}: {words}")


async def told_by(exporter: asyncio.subprocess.Process, path: Path) -> dict[str, Any]:
    """Return what the exporter's stopwatch writes when it is asked to."""
    exporter.send_signal(signal.SIGUSR1)
    for _ in range(100):
        await asyncio.sleep(0.2)
        if path.exists():
            told: dict[str, Any] = json.loads(path.read_text())
            return told
    sys.exit("the exporter wrote no figures")


async def main() -> None:
    """Start the lab and the exporter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--routers", type=int, default=200)
    parser.add_argument("--vms-per-host", type=int, default=0)
    parser.add_argument("--security-groups", action="store_true", help="the instances on hosts have security groups")
    parser.add_argument("--interval", type=float, default=30.0)
    parser.add_argument("--scrapes", type=int, default=30)
    parser.add_argument("--rows", type=int, default=25, help="how many of the dearest judgments are told")
    given = parser.parse_args()
    words = (
        "--hosts",
        str(given.hosts),
        "--routers",
        str(given.routers),
        "--vms-per-host",
        str(given.vms_per_host),
        "--no-database",
    )
    more = ["--security-groups"] if given.security_groups else []
    async with process("-m", "exporter.lab", *words, *more) as lab:
        control, config = await lab_config(lab, given.interval)
        figures = Path(config).with_name("figures.json")
        watched = (str(Path(__file__).with_name("measured.py")), str(figures))
        async with (
            process(*watched, "--config.file", config, "--log.level", "error") as exporter,
            aiohttp.ClientSession(auto_decompress=False) as session,
        ):
            measured = asyncio.create_task(measure(Scraper(session), control, given))
            ended = asyncio.create_task(exporter.wait())
            await asyncio.wait((measured, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                sys.exit("the exporter did not live")
            await measured
            tell_stopwatch(await told_by(exporter, figures), given.rows)


if __name__ == "__main__":
    asyncio.run(main())
