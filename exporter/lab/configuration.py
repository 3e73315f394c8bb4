"""What an exporter's configuration must say to watch a lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exporter.lab.options import Options
from exporter.lab.world.places import Ports

API_KEY = "lab-api-key"
HERE = "127.0.0.1"
IMAGES = "images"
"""Folder of template images, in the lab's."""
OWN_PORTS = frozenset({"claim", "api", "control", "resolver", "database", "nfs"})
"""Ports that an exporter is not configured with, or learns elsewhere."""
VISITED = (
    "inventory", "host", "xen_host", "host_endpoint", "router", "console_proxy", "console_endpoint",
    "secondary_storage_vm", "management_server", "template_directory",
)  # fmt: skip


def configuration(folder: Path, options: Options, ports: Ports, ways: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration; ``ways`` are its sections about SSH, consoles and the database.

    Large labs are asked less often. Most statements of the database are asked each tenth time, and judged when they
    were asked twice, so it is asked the more often.
    """
    pace = max(5.0, (options.routers + options.hosts) / 20)
    return {
        "cloudstack": {
            "url": f"http://{HERE}:{ports.api}/client/api",
            "api_key_file": str(folder / "api_key"),
            "secret_key_file": str(folder / "secret_key"),
            "per_second": 50,
        },
        **ways,
        "templates": {"directory": str(folder / IMAGES), "here_anyway": True},
        "ports": {name: getattr(ports, name) for name in Ports.__slots__ if name not in OWN_PORTS},
        "intervals": {**dict.fromkeys(VISITED, pace), "database": 0.5, "template_directory": 30.0, "deadline": 40.0},
    }
