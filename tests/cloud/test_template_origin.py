"""Where a template comes from, as far as CloudStack tells."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.cloud.storage import Download, Origin, Template


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ({"url": "https://images.example/debian.qcow2"}, Origin.REGISTERED),
        ({"source_template_id": "t0"}, Origin.MADE_HERE),
        ({"source_template_id": "t0", "url": "https://ssvm.example/copy.qcow2"}, Origin.MADE_HERE),
        ({"was_uploaded": True}, Origin.UPLOADED),
        ({"was_uploaded": True, "url": "https://images.example/debian.qcow2"}, Origin.REGISTERED),
        ({"downloads": (Download("nfs1", "DOWNLOADED", 100),)}, Origin.UNKNOWN),
        ({}, Origin.UNKNOWN),
        ({"type": "BUILTIN", "url": "https://download.cloudstack.org/centos.qcow2"}, Origin.BUILTIN),
        ({"type": "SYSTEM", "url": "https://download.cloudstack.org/systemvm.qcow2"}, Origin.SYSTEM),
        ({"type": "ROUTING"}, Origin.SYSTEM),
        ({"type": "routing"}, Origin.SYSTEM),
        ({"type": "USER", "url": "https://images.example/x.qcow2"}, Origin.REGISTERED),
        ({"type": "VNF", "source_template_id": "t0"}, Origin.MADE_HERE),
    ],
)
def test_origin(told: dict[str, Any], origin: Origin) -> None:
    """What CloudStack ships is told by its type; a source comes before a URL; what shows neither may be an upload."""
    assert Template(id="t1", zone_id="z1", name="t", is_ready=True, status="", **told).origin is origin
