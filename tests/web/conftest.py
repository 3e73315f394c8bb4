"""Snapshots of invented clouds, and the application served on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from exporter.findings import TITLES, Blind, Finding, Snapshot, Tile, Verdict
from exporter.model import Issue, Metric
from exporter.page import Page
from exporter.web.application import WebSettings, application
from exporter.web.serve import listening
from tests.clocks import HandClock

NOW = 1_795_251_695.0  # 2026-11-21 09:01:35 UTC

CERTIFICATE = Metric(
    "cloudstack_network_console_proxy_certificate_not_after_timestamp_seconds",
    "Unix time at which the console proxy's certificate ends, read by a TLS handshake.",
    labels=("zone", "console_proxy"),
)
PASSWORD = Metric(
    "cloudstack_network_password_reset_daemon_up",
    "Whether the password daemon answers on 8080/tcp of a guest address, asked inside the router.",
    labels=("zone", "router", "address"),
)


@dataclass(slots=True)
class FakeBoard:
    """A board that shows one snapshot."""

    shown: Snapshot
    asked: int = field(default=0)

    def snapshot(self) -> Snapshot:
        self.asked += 1
        return self.shown


@dataclass(frozen=True, slots=True)
class Served:
    """The application while it listens."""

    url: str
    page: Page
    board: FakeBoard
    clock: HandClock


def finding(number: int = 1, **changes: object) -> Finding:
    """Return a finding about a password daemon, with changes."""
    fields: dict[str, object] = {
        "issue": Issue.PASSWORD_RESET,
        "check": "Password daemon",
        "metric": PASSWORD.name,
        "help": PASSWORD.help,
        "zone": "ams-1",
        "subject_kind": "router",
        "subject": f"r-{number}-VM",
        "labels": {"zone": "ams-1", "router": f"r-{number}-VM", "address": f"10.1.{number // 250}.{number % 250 + 1}"},
        "value": 0,
        "seen": "nothing listens on 8080/tcp",
        "expected": "socat or passwd_server_ip.py listens",
        "since": NOW - 754 - number,
        "at_least": number % 3 == 0,
        "at": NOW - 12,
        "remedies": (
            "Restart the password service in the router: systemctl restart cloud-password-server@<address>.",
            "Restart the network with cleanup; the router is recreated, guests lose the network for minutes.",
        ),
    }
    return Finding(**(fields | changes))  # type: ignore[arg-type]


def tile(issue: Issue, state: str = "no_checks", oldest: float = 0.0, **objects: int) -> Tile:
    """Return the tile of an issue."""
    return Tile(
        issue=issue,
        number=list(Issue).index(issue) + 1,
        title=TITLES[issue],
        state=state,
        objects={verdict: objects.get(verdict.value, 0) for verdict in Verdict},
        oldest=oldest,
    )


def tiles(**states: Tile) -> tuple[Tile, ...]:
    """Return the ten tiles, some of them replaced by slug."""
    return tuple(states.get(issue.value, tile(issue)) for issue in Issue)


def busy() -> Snapshot:
    """Return a cloud on a bad morning: every section of the page has something to show."""
    certificate = finding(
        issue=Issue.CONSOLE_PROXY,
        check="Console certificate",
        metric=CERTIFICATE.name,
        help=CERTIFICATE.help,
        subject_kind="console_proxy",
        subject="v-2-VM",
        labels={"zone": "ams-1", "console_proxy": "v-2-VM"},
        value=NOW + 400_000,
        seen="*.console.example.net ends on 2026-11-26 00:08 UTC",
        expected="at least 30 days ahead",
        since=NOW - 3 * 86400 - 5000,
        remedies=(
            "Upload a new certificate with its whole chain (Infrastructure, SSL Certificate).",
            "Destroy the console proxy; the certificate is read when it is created. A reboot keeps the old one.",
        ),
    )
    accepted = finding(
        7,
        zone="lab",
        subject="r-7-VM",
        accepted="lab router, rebuilt every night",
        accepted_until="2027-01-31",
    )
    blind = tuple(
        Blind(
            issues=(Issue.PASSWORD_RESET, Issue.USER_METADATA),
            zone="ams-1",
            subject_kind="router",
            subject=f"r-{number}-VM",
            what=("password_daemons", "metadata_status"),
            reason="not_configured",
            setting="ssh",
            since=NOW - 900,
        )
        for number in range(40, 64)
    )
    timeout = Blind(
        issues=(Issue.USER_METADATA,),
        zone="fra-2",
        subject_kind="router",
        subject="r-99-VM",
        what=("metadata_status",),
        reason="timeout",
        detail="r-99-VM did not answer within 3 s",
        since=NOW - 65,
    )
    second = {"zone": "fra-2", "labels": {"zone": "fra-2", "router": "r-17-VM", "address": "10.9.0.1"}}
    return Snapshot(
        at=NOW,
        tiles=tiles(
            vlan_trunking=tile(Issue.VLAN_TRUNKING, "healthy", NOW - 41, healthy=4094),
            hypervisor_links=tile(Issue.HYPERVISOR_LINKS, "unknown", NOW - 320, unknown=3, healthy=120),
            security_groups=tile(Issue.SECURITY_GROUPS, "not_configured", not_configured=64),
            host_connectivity=tile(Issue.HOST_CONNECTIVITY, "no_objects"),
            console_proxy=tile(Issue.CONSOLE_PROXY, "problem", NOW - 58, problem=1, healthy=3),
            password_reset=tile(
                Issue.PASSWORD_RESET, "problem", NOW - 71, problem=4, unknown=24, accepted=1, healthy=1900
            ),
            user_metadata=tile(Issue.USER_METADATA, "unknown", NOW - 71, unknown=25, healthy=1904),
        ),
        findings=(
            certificate,
            *(finding(number) for number in (12, 13, 15)),
            finding(17, remedies=("Recreate the router: nothing of it answers.",), **second),
            accepted,
        ),
        blind=(*blind, timeout),
        notices=("CloudStack API unreachable since 2026-11-21 08:58:02 UTC: connection refused.",),
        inventory_at=NOW - 240,
    )


def quiet() -> Snapshot:
    """Return a cloud where everything was checked and nothing is wrong."""
    shown = tiles(console_proxy=tile(Issue.CONSOLE_PROXY, "healthy", NOW - 5, healthy=2))
    return Snapshot(at=NOW, tiles=shown, inventory_at=NOW - 30)


def big() -> Snapshot:
    """Return a cloud with hundreds of findings and thousands of objects that could not be checked."""
    blind = busy().blind[0]
    rows = tuple(
        Blind(
            issues=blind.issues,
            zone="ams-1",
            subject_kind="router",
            subject=f"r-{number}-VM",
            what=blind.what,
            reason="timeout",
            detail=f"r-{number}-VM did not answer within 3 s",
            since=NOW - 65,
        )
        for number in range(4000)
    )
    return Snapshot(at=NOW, tiles=busy().tiles, findings=tuple(map(finding, range(900))), blind=rows, inventory_at=NOW)


@pytest.fixture
def snapshots() -> dict[str, Callable[[], Snapshot]]:
    """Return the makers of invented snapshots."""
    return {"busy": busy, "quiet": quiet, "big": big}


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    """Return the maker of one finding."""
    return finding


@pytest.fixture
def password_metric() -> Metric:
    """Return the metric that the served page knows."""
    return PASSWORD


@pytest.fixture
def served() -> Callable[..., AbstractAsyncContextManager[Served]]:
    """Return a way to serve a snapshot on a free port of the loopback."""

    @asynccontextmanager
    async def serve(
        shown: Snapshot | None = None,
        *,
        ready: bool = True,
        settings: WebSettings | None = None,
        idle_seconds: float = 150.0,
        page: Page | None = None,
    ) -> AsyncIterator[Served]:
        clock = HandClock()
        page = page or Page(clock, (CERTIFICATE, PASSWORD))
        board = FakeBoard(shown or quiet())
        app = application(page, board, lambda: ready, version="0.1.0", settings=settings)
        async with listening(app, [("127.0.0.1", 0)], idle_seconds=idle_seconds) as [(host, port)]:
            yield Served(f"http://{host}:{port}", page, board, clock)

    return serve
