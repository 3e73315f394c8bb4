"""``python -m exporter.lab``: run the lab alone until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from exporter.lab.faults import CATALOGUE
from exporter.lab.lab import Lab
from exporter.lab.options import Options


def options(arguments: list[str]) -> Options:
    """Return what the command line asks for; exits with a message when it is wrong."""
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m exporter.lab", description="A small CloudStack cloud to watch.")
    parser.add_argument("--hosts", type=int, default=default.hosts, help="KVM hosts in all")
    parser.add_argument("--routers", type=int, default=default.routers, help="virtual routers in all")
    parser.add_argument("--vms-per-network", type=int, default=default.vms_per_network, help="instances per network")
    parser.add_argument("--vms-per-host", type=int, default=0, help="instances on each host beyond the smallest lab")
    parser.add_argument("--security-groups", action="store_true", help="these instances have security groups")
    parser.add_argument("--port", type=int, default=0, help="first of a block of ports; 0: the first free block")
    parser.add_argument("--mode", choices=("sudo", "forced", "root"), default=default.mode, help="how SSH is allowed")
    parser.add_argument("--no-database", action="store_true", help="without CloudStack's database")
    parser.add_argument("--fault", action="append", default=[], choices=sorted(CATALOGUE), metavar="NAME",
                        help="a fault that is on from the start; may be repeated")  # fmt: skip
    given = parser.parse_args(arguments)
    try:
        return Options(
            hosts=given.hosts,
            routers=given.routers,
            vms_per_network=given.vms_per_network,
            vms_per_host=given.vms_per_host,
            security_groups=given.security_groups,
            port=given.port,
            mode=given.mode,
            database=not given.no_database,
            faults=tuple(given.fault),
        )
    except ValueError as error:
        parser.error(str(error))


async def run(chosen: Options) -> None:
    """Run the lab until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Lab(chosen) as lab:
        lines = (
            f"faults         {lab.url}",
            f"API            {lab.config['cloudstack']['url']}",
            f"configuration  {lab.config_file}",
            f"database       {lab.about_database}",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Run the command."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(options(sys.argv[1:])))


if __name__ == "__main__":
    main()
