"""Law 3: labels are identity for people; what the exporter itself knows a host by is shown to nobody."""

from __future__ import annotations

import json
import logging

import pytest

from exporter.cloud.targets import key
from exporter.report import text
from exporter.web.as_json import findings_json
from exporter.web.findings_page import findings_page
from exporter.web.grouping import view
from tests.watching import watching

pytestmark = pytest.mark.timeout(180)


async def test_no_door_shows_the_id_of_a_host_or_a_key(caplog: pytest.LogCaptureFixture) -> None:
    """Neither metrics nor pages, reports or logs; one host is visited in vain, so that there is something to say."""
    with caplog.at_level(logging.DEBUG, logger="exporter"):
        async with watching(faults=("ssh_refused",)) as watch:
            await watch.look()
            cloud = watch.app.engine.inventory.cloud
            assert cloud is not None
            keys = [key(entry.target)[1] for entry in watch.app.engine.schedule.entries.values()]
            inward = {*cloud.hosts, *(one for one in keys if one.count("/") == 2)}
            snapshot = watch.snapshot()
            doors = {
                "metrics": watch.page() + b"".join(watch.app.engine.page.text(openmetrics=True)).decode(),
                "findings": findings_page(snapshot, view({}), metrics_path="/metrics", refresh=30),
                "json": json.dumps(json.loads(findings_json(snapshot))),
                "report": text(snapshot),
                "log": "\n".join(record.getMessage() for record in caplog.records),
            }
    assert inward
    assert [(door, one) for door, shown in doors.items() for one in inward if one in shown] == []
