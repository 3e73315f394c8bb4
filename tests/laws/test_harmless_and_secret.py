"""Laws 4 and 6: only the catalogue is asked, and secrets stay in."""

from __future__ import annotations

import json
import logging
import re

import pytest

from exporter.inventory.privileges import ALLOWED
from exporter.lab.inside.router import CANARY
from exporter.questions import catalogue
from exporter.report import text
from exporter.web.as_json import findings_json
from exporter.web.findings_page import findings_page
from exporter.web.grouping import view
from tests.watching import watching

pytestmark = pytest.mark.timeout(180)

BY_SSH = {"host", "xen_host", "router", "console_proxy", "secondary_storage_vm", "management_server"}
FAULTS = ("password_pending_old", "metadata_directory_exposed", "router_garbage")
WORD = re.compile(r"([a-z0-9_]+)(?::[0-9a-zA-Z@.,_-]*)?")


@pytest.mark.parametrize("mode", ["sudo", "forced", "root"])
async def test_only_the_catalogue_is_asked(mode: str) -> None:
    """The lab recorded every request of two rounds: nothing else was sent, nothing was written."""
    async with watching(mode=mode) as watch:
        await watch.look(2)
        names = {question.name for question in catalogue()}
        lines = [line for _, line in watch.lab.seen.ssh]
        assert lines
        asked = set()
        for line in lines:
            words = line.split()
            begin = next(number for number, word in enumerate(words) if word in {"hop", "host"})
            for word in words[begin + 1 :]:
                if (found := WORD.fullmatch(word)) and found[1] in names:
                    asked.add(found[1])
        assert asked <= names
        assert asked >= {"password_probe", "metadata_http", "proxy_agent_connections", "host_links", "xen_backend"}
        assert {request["command"] for request in watch.lab.requests} <= set(ALLOWED)
        assert list(watch.lab.seen.files) == []


async def test_one_command_per_visit() -> None:
    """One line in the host's log for each visit, however many questions it carries."""
    async with watching() as watch:
        await watch.look()
        entries = watch.app.engine.schedule.entries.values()
        over_ssh = [entry for entry in entries if entry.target.kind in BY_SSH]
        assert len(watch.lab.seen.ssh) == len(over_ssh)


async def test_the_password_service_is_only_asked_for_its_head() -> None:
    """Never a request that reads or acknowledges a password; never the web service's user data."""
    async with watching() as watch:
        await watch.look(2)
        assert watch.lab.seen.password
        assert {(request, domu) for _, request, domu in watch.lab.seen.password} == {("HEAD / HTTP/1.0", "")}
        paths = {request.split()[1] for _, _, request in watch.lab.seen.web if request}
        assert paths <= {"/", "/latest/meta-data/"}
        assert {request.split()[0] for _, request in watch.lab.seen.console if request} <= {"GET"}


async def test_no_secret_leaves_by_any_door(caplog: pytest.LogCaptureFixture) -> None:
    """Canaries in every password, user-data and key of the lab are in no output, whatever is broken."""
    with caplog.at_level(logging.DEBUG):
        async with watching(remembers=True, faults=FAULTS) as watch:
            await watch.look(2)
            snapshot = watch.snapshot()
            secret = (watch.lab.folder / "secret_key").read_text()
            doors = {
                "metrics": watch.page() + b"".join(watch.app.engine.page.text(openmetrics=True)).decode(),
                "findings": findings_page(snapshot, view({}), metrics_path="/metrics", refresh=30),
                "json": json.dumps(json.loads(findings_json(snapshot))),
                "report": text(snapshot),
                "log": "\n".join(record.getMessage() for record in caplog.records),
                "repr": repr(watch.app.config) + repr(watch.app.ways),
            }
    assert CANARY in secret
    assert [door for door, shown in doors.items() if CANARY in shown or secret in shown] == []
