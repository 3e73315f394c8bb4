"""``demo``: the exporter against the embedded lab cloud."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from exporter.commands.run import ended, serving, url
from exporter.config import load
from exporter.lab.lab import Lab
from exporter.lab.options import Options

BROKEN = (
    "console_certificate_expired",
    "password_daemon_dead",
    "metadata_htaccess_missing",
    "template_image_keeps_nic",
)
"""Faults that are on when the demo begins, so that there is something to see."""


def demo(given: argparse.Namespace) -> int:
    """Run until interrupted; return the exit code."""
    return asyncio.run(_demo(given))


async def _demo(given: argparse.Namespace) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    faults = () if given.healthy else BROKEN
    sizes = {name: size for name, size in vars(given).items() if name in {"hosts", "routers"}}
    options = Options(**sizes, faults=faults, database=not given.no_database, images=True)
    async with Lab(options) as lab:
        config = load(lab.config_file, os.environ, {("web", "listen_address"): given.listen_address})
        async with serving(config) as (addresses, engine):
            address = url(*addresses[0])
            broken = "all is well in it" if given.healthy else "some things in it are broken on purpose"
            sys.stdout.write(
                f"The exporter watches an embedded lab cloud; {broken}.\n"
                f"  findings  {address}/findings\n"
                f"  metrics   {address}/metrics\n"
                f"  faults    {lab.url}  (switch them on and off)\n"
                f"  database  {lab.about_database}\n"
                f"  images    {lab.about_images}\n"
                f"Everything has been looked at after about half a minute. Ctrl-C ends it.\n"
            )
            sys.stdout.flush()
            return await ended(stop, engine)
