"""The verdict on what the metadata service answers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from exporter.checks.user_metadata.metadata_http import judge
from exporter.checks.user_metadata.remedies import READ_LOG, RECREATE_ROUTER, RESTART_ROUTER
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Router
from exporter.model import Sample
from exporter.questions.routers.metadata import METADATA_HTTP, read_http
from exporter.questions.routers.state import Role
from tests.checks.user_metadata import scene
from tests.remote_texts import sample

ROUTER = scene.router()
CLOUD = scene.cloud(ROUTER)
STATES = {
    "healthy": (1, 404),
    "index-html": (1, 404),
    "vm-dir-missing": (1, 404),
    "vm-htaccess-missing": (1, 404),
    "htaccess-missing": (1, 404),
    "htaccess-empty": (1, 404),
    "htaccess-garbled": (0, 500),
    "rewrite-disabled": (0, 500),
    "apache-stopped": (0, None),
    "vhost-missing": (0, None),
}


def recorded(state: str) -> str:
    """Return what the question would print, from the requests that were recorded on a real router."""
    own = sample("metadata", f"web.requests.{state}").partition("\n## from web01")[0]
    lines = []
    for path in ("/", "/latest/meta-data/"):
        (found,) = re.findall(rf"^{path} +-> (.*)$", own, re.MULTILINE)
        status = re.match(r"HTTP/1\.1 (\d{3}) ", found)
        lines.append(f"10.1.1.1@80 {path} {status[1] if status else 'refused'}")
        assert status or "Connection refused" in found
    return "\n".join(lines)


def verdict(text: str, router: Router = ROUTER, cloud: Cloud = CLOUD, **fields: object) -> list[Sample]:
    """Return the samples for what the question printed."""
    return scene.judged(judge, router, cloud, {METADATA_HTTP: read_http(text)}, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", STATES)
def test_recorded_states(state: str) -> None:
    """The real answers of each broken state; the probe is blind where only guests are refused."""
    up, status = STATES[state]
    expected = {("http_up", "r-4-VM", "10.1.1.1"): up}
    if status is not None:
        expected["http_status", "r-4-VM", "10.1.1.1"] = status
    assert scene.values_of(verdict(recorded(state))) == expected


@pytest.mark.parametrize("word", ["200", "404"])
def test_health(word: str) -> None:
    """404 is what a router without data of its own gets, 200 what one with a guest's address would."""
    assert scene.only(verdict(f"10.1.1.1@80 /latest/meta-data/ {word}"), "http_up").value == 1


@pytest.mark.parametrize("word", ["301", "403", "500", "503", "refused", "other"])
def test_faults_are_said_at_once(word: str) -> None:
    """Everything else is a fault on the first look: the router has the address and answers wrongly there."""
    assert scene.only(verdict(f"10.1.1.1@80 /latest/meta-data/ {word}", looks=1), "http_up").value == 0


def test_slowness_is_a_fault_when_it_stays() -> None:
    """A busy host may be slow once, which says nothing; twice is a fault."""
    text = "10.1.1.1@80 /latest/meta-data/ timeout"
    assert verdict(text, looks=1) == []
    assert scene.only(verdict(text, looks=2), "http_up").value == 0


def test_words_for_people() -> None:
    """What was seen says whether the server or its rules are broken."""
    rules = scene.only(verdict("10.1.1.1@80 / 403\n10.1.1.1@80 /latest/meta-data/ 500"), "http_up")
    assert rules.seen == "HTTP 500 on /latest/meta-data/, HTTP 403 on /: rewrite module or rules broken"
    assert rules.expected == "404 or 200 on /latest/meta-data/"
    server = scene.only(verdict("10.1.1.1@80 / refused\n10.1.1.1@80 /latest/meta-data/ refused"), "http_up")
    assert server.seen == "connection refused on /latest/meta-data/"


def test_no_status_without_an_answer() -> None:
    """A status that was not read is no sample; there is no status 0."""
    samples = verdict("10.1.1.1@80 /latest/meta-data/ timeout")
    assert {one.metric.name for one in samples} == {"cloudstack_network_user_metadata_http_up"}


def test_an_address_that_the_router_lacks_waits_for_the_second_look() -> None:
    """A tier that was removed between refresh and visit is no fault; one still wanted after a refresh is."""
    text = "10.1.1.1@80 /latest/meta-data/ absent"
    assert verdict(text, looks=1) == []
    late = scene.only(verdict(text, looks=2), "http_up")
    assert (late.value, late.seen) == (0, "the router does not have the address on /latest/meta-data/")


def test_other_providers_and_networks_are_left_out() -> None:
    """ConfigDrive serves from an ISO, an L2 network has no services: neither is judged."""
    text = "10.1.1.1@80 /latest/meta-data/ refused"
    config_drive = scene.BY_ROUTER | {"UserData": frozenset({"ConfigDrive"})}
    for services in (config_drive, {}):
        cloud = scene.cloud(ROUTER, networks=(scene.network(services=services),))
        assert verdict(text, cloud=cloud) == []


def test_an_internal_load_balancer_is_no_router() -> None:
    """It serves no metadata."""
    balancer = replace(ROUTER, role="INTERNAL_LB_VM")
    assert verdict("10.1.1.1@80 /latest/meta-data/ refused", router=balancer) == []


def test_every_tier_of_a_vpc_is_judged_alone() -> None:
    """One broken tier does not colour the other."""
    nics = (scene.nic("10.1.1.1", "web"), scene.nic("10.2.2.1", "db"))
    vpc = scene.router(vpc_id="v", network_id="", nics=nics)
    tiers = (scene.network("web", vpc_id="v"), scene.network("db", vpc_id="v"))
    text = "10.1.1.1@80 /latest/meta-data/ 404\n10.2.2.1@80 /latest/meta-data/ refused"
    values = scene.values_of(verdict(text, router=vpc, cloud=scene.cloud(vpc, networks=tiers)))
    assert values["http_up", "r-4-VM", "10.1.1.1"] == 1
    assert values["http_up", "r-4-VM", "10.2.2.1"] == 0


def test_a_tier_that_the_visit_did_not_ask_about() -> None:
    """A network that CloudStack told of after the question was made has no verdict yet."""
    nics = (scene.nic("10.1.1.1"), scene.nic("10.2.2.1", "db"))
    router = scene.router(nics=nics)
    cloud = scene.cloud(router, networks=(scene.network(), scene.network("db")))
    values = scene.values_of(verdict("10.1.1.1@80 /latest/meta-data/ 404", router=router, cloud=cloud))
    assert {key[-1] for key in values} == {"10.1.1.1"}


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.BACKUP, Role.FAULT, Role.UNKNOWN])
def test_of_a_pair_only_the_primary_serves(role: Role) -> None:
    """The shared address is judged on the router that calls itself primary, whatever CloudStack still says."""
    router = scene.router(
        is_redundant=True, redundant_state="BACKUP", nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),)
    )
    text = "10.1.1.1@80 /latest/meta-data/ refused\n10.1.1.5@80 /latest/meta-data/ 404"
    values = scene.values_of(verdict(text, router=router, cloud=scene.cloud(router), role=role))
    assert values == ({("http_up", "r-4-VM", "10.1.1.1"): 0} if role is Role.PRIMARY else {})


def test_a_router_that_settles() -> None:
    """Health is said from the start, faults only once services had the time to come up."""
    young = replace(ROUTER, created=scene.NOW - 60)
    assert scene.only(verdict("10.1.1.1@80 /latest/meta-data/ 404", router=young), "http_up").value == 1
    assert verdict("10.1.1.1@80 /latest/meta-data/ refused", router=young) == []
    assert verdict("10.1.1.1@80 /latest/meta-data/ refused", uptime=60.0) == []


@pytest.mark.parametrize(
    ("uptime", "age", "remedy"),
    [
        (3 * scene.DAY, 9 * scene.DAY, RESTART_ROUTER),
        (3600.0, 9 * scene.DAY, RECREATE_ROUTER),
        (3600.0, 3600.0, READ_LOG),
        (3 * scene.DAY, None, RESTART_ROUTER),
    ],
)
def test_the_remedy_that_was_not_tried_yet(uptime: float, age: float | None, remedy: str) -> None:
    """Still broken after a restart: recreate it; after that: the log."""
    router = replace(ROUTER, created=None if age is None else scene.NOW - age)
    found = verdict("10.1.1.1@80 /latest/meta-data/ refused", router=router, uptime=uptime)
    assert scene.only(found, "http_up").remedy == remedy
