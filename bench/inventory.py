"""How long a refresh takes, and for how long it stops the event loop at most.

    python bench/inventory.py [--instances 10000] [--routers 2000] [--hosts 1000] [--rounds 3]

The API runs in a process of its own, so that only our side is measured. A probe sleeps 1 ms again and
again; how much later than that it wakes is the lag. On a busy machine the lag is also others' doing; the
longest turn counts our own CPU time alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import resource
import time
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from exporter.clock import SystemClock
from exporter.commands.run import FULL_PASSES
from exporter.inventory.keeper import Inventory
from exporter.lab.api.server import api_application
from exporter.sources.cloudstack import CloudStack

KEYS = {"key": "secret"}
CREATED = "2026-11-21T05:43:13+0000"
NOISE = {f"field{number}": "a value that nobody reads" for number in range(40)}  # real rows have as many


def nic(number: int, network: int, kind: str = "Guest") -> dict[str, Any]:
    """Return a NIC as the API has it."""
    return {
        "id": f"nic-{number}-{network}", "networkid": f"network-{network}", "traffictype": kind, "type": "Isolated",
        "ipaddress": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", "netmask": "255.255.0.0",
        "macaddress": f"02:00:{number >> 16 & 255:02x}:00:{number >> 8 & 255:02x}:{number & 255:02x}",
        "gateway": "10.0.0.1", "broadcasturi": f"vlan://{network}", "isolationuri": f"vlan://{network}",
        "isdefault": True, "deviceid": "0", "networkname": "net", "secondaryip": [], "extradhcpoption": [],
    }  # fmt: skip


def tables(instances: int, routers: int, hosts: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a large cloud; a network per router, instances spread over them."""
    common = {"zoneid": "z", "zonename": "zone", "state": "Running", "created": CREATED, "hypervisor": "KVM", **NOISE}
    health = [
        {"checkname": f"check{number}.py", "checktype": "basic", "success": True, "lastupdated": CREATED,
         "details": "All is as it should be"} for number in range(10)
    ]  # fmt: skip
    return {
        "listZones": [{"id": "z", "name": "zone", "networktype": "Advanced", "allocationstate": "Enabled"}],
        "listHosts": [
            {**common, "id": f"h{number}", "name": f"kvm{number}", "type": "Routing", "state": "Up",
             "ipaddress": "10.0.0.1", "resourcestate": "Enabled", "clusterid": f"c{number // 16}"}
            for number in range(hosts)
        ],
        "listNetworks": [
            {**common, "id": f"network-{number}", "name": f"n{number}", "type": "Isolated", "service": [
                {"name": name, "provider": [{"name": "VirtualRouter"}], "capability": []}
                for name in ("Dhcp", "Dns", "UserData", "SourceNat", "Firewall", "StaticNat", "Lb", "Vpn")]}
            for number in range(routers)
        ],
        "listRouters": [
            {**common, "id": f"r{number}", "name": f"r-{number}-VM", "guestnetworkid": f"network-{number}",
             "linklocalip": "169.254.1.1", "healthcheckresults": health,
             "nic": [nic(number, number), nic(number, 1, "Public"), nic(number, 2, "Control")]}
            for number in range(routers)
        ],
        "listVirtualMachines": [
            {**common, "id": f"i{number}", "name": f"vm{number}", "instancename": f"i-2-{number}-VM",
             "hostid": f"h{number % hosts}", "templateid": "t", "passwordenabled": False,
             "nic": [nic(number, number % routers), nic(number, (number + 1) % routers)]}
            for number in range(instances)
        ],
    }  # fmt: skip


def serve(pipe: Connection, sizes: tuple[int, int, int]) -> None:
    """Serve the tables until the process is ended; tell the port."""

    async def main() -> None:
        rows = tables(*sizes)
        app = api_application(lambda command, _: rows.get(command, []), keys=KEYS)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send((runner.addresses[0][1], len(json.dumps(rows))))
        await asyncio.Event().wait()

    asyncio.run(main())


async def probe(lags: list[float], turns: list[float]) -> None:
    """Record how much later than asked the loop woke us, and what CPU time it used meanwhile, in seconds."""
    while True:
        began, busy = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - began - 0.001)
        turns.append(time.thread_time() - busy)


async def measure(port: int, rounds: int) -> None:
    """Refresh some times and print the figures of each."""
    clock = SystemClock()
    api = CloudStack(f"http://127.0.0.1:{port}/client/api", "key", "secret", clock, per_second=0)
    inventory = Inventory(api, clock, 600)
    collections: list[float] = []

    def collected(phase: str, _: dict[str, int]) -> None:
        collections.append(time.perf_counter() * (1 if phase == "stop" else -1))

    gc.collect()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_PASSES)
    gc.callbacks.append(collected)
    for _ in range(rounds):
        lags: list[float] = []
        turns: list[float] = []
        collections.clear()
        watching = asyncio.create_task(probe(lags, turns))
        began, busy = time.perf_counter(), time.process_time()
        assert await inventory.refresh_once(), inventory.failure
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        watching.cancel()
        pauses = [collections[at] + collections[at + 1] for at in range(0, len(collections) - 1, 2)]
        lags.sort()
        print(
            f"refresh {seconds:.2f} s, of it ours {busy:.2f} s CPU"
            f" | lag p99 {lags[len(lags) * 99 // 100] * 1e3:.1f} ms, longest {lags[-1] * 1e3:.1f} ms"
            f" | longest turn {max(turns) * 1e3:.1f} ms of CPU"
            f" | {len(pauses)} garbage collections, longest {max(pauses, default=0) * 1e3:.1f} ms"
            f" | resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most"
        )
    await api.close()


def main() -> None:
    """Start the API, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--routers", type=int, default=2_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(
        target=serve, args=(theirs, (told.instances, told.routers, told.hosts)), daemon=True
    )
    server.start()
    try:
        port, size = ours.recv()
        print(f"{told.instances} instances, {told.routers} routers, {told.hosts} hosts: {size / 1e6:.1f} MB of JSON")
        asyncio.run(measure(port, told.rounds))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
