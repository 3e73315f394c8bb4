"""``privileges``: prints what each backend must allow, ready to be installed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from exporter.app import build, ssh_settings
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.inventory.privileges import role_text
from exporter.privileges import database_privileges, keyscan_hosts, ssh_privileges
from exporter.questions.wrapper import collector
from exporter.sources.ssh import SshSettings

EXAMPLE = SshSettings(user="cloudstack-exporter", key_file=Path("id_ed25519"), known_hosts_file=Path("known_hosts"))
"""Stands in for the section ssh where there is none yet."""


def privileges(what: str, config: Config | None) -> int:
    """Print one of api, ssh, wrapper, database, hosts; return the exit code."""
    match what:
        case "api":
            sys.stdout.write(role_text())
        case "wrapper":
            sys.stdout.write(collector())
        case "ssh":
            sys.stdout.write(ssh_privileges((ssh_settings(config) if config else None) or EXAMPLE))
        case "database":
            sys.stdout.write(_database(config))
        case _:
            return asyncio.run(_hosts(config))
    return 0


def _database(config: Config | None) -> str:
    """Return the account's statements; without a section database those of the documented names."""
    given = config.database if config else None
    if given is None:
        return database_privileges("exporter", "cloud", tls=True)
    return database_privileges(given.user, given.name, tls=given.tls)


async def _hosts(config: Config | None) -> int:
    if config is None:
        sys.stderr.write("privileges hosts asks CloudStack, so it needs --config.file\n")
        return 2
    async with build(config, SystemClock(), ()) as app:
        if not await app.engine.inventory.refresh_once() or app.engine.inventory.cloud is None:
            sys.stderr.write(f"CloudStack cannot be read: {app.engine.inventory.failure}\n")
            return 1
        sys.stdout.write(keyscan_hosts(app.engine.inventory.cloud, config.ports.ssh))
    return 0
