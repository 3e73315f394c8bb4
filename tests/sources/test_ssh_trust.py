"""Host certificates, small session limits and old servers, on real OpenSSH servers of their own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.model import Reason, SourceError
from exporter.sources.ssh import Asked, Request, Ssh, SshSettings
from tests.remote_questions import HELLO, INSIDE, INSIDE_SLOW, SLOW
from tests.ssh_bench import Bench, make_key, running

pytestmark = pytest.mark.real

QUESTIONS = (HELLO, SLOW, INSIDE, INSIDE_SLOW)


def sign(bench: Bench, authority: Path, principals: str, *options: str) -> None:
    """Make the host's certificate."""
    key = bench.host.place / "run/sshd/host_key"
    subprocess.run(
        ["ssh-keygen", "-q", "-s", str(authority), "-I", "kvm1", "-h", "-n", principals, *options, f"{key}.pub"],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A host with a certificate, which allows one session at a time, and a router with old algorithms only."""
    place = tmp_path_factory.mktemp("trust")
    make_key(place / "authority")
    make_key(place / "other_authority")
    options = ("HostCertificate /run/sshd/host_key-cert.pub", "MaxSessions 1")
    yield from running(place, QUESTIONS, *options)


async def outcome(settings: SshSettings, bench: Bench, request: Request | None = None) -> Reason | str | None:
    """Return why a call failed, None when all was answered."""
    ssh = Ssh(settings, SystemClock(), bench.script)
    try:
        found = await ssh.collect(bench.machine, request or Request((Asked("hello"),)), seconds=25)
    except SourceError as error:
        return error.reason
    finally:
        await ssh.close()
    return found.failure.reason if found.failure else None


@pytest.mark.parametrize(
    ("line", "principals", "options", "expected"),
    [
        ("@cert-authority *", "kvm1", (), None),
        ("@cert-authority [kvm1]:*", "kvm1,kvm1.example.com", (), None),
        ("@cert-authority [127.*]:*", "{address}", (), None),
        ("@cert-authority *", "kvm2", (), Reason.HOST_KEY),
        ("@cert-authority *", "kvm1", ("-V", "-2w:-1w"), Reason.HOST_KEY),
        ("@cert-authority *.example.com", "kvm1", (), Reason.HOST_KEY),
        ("*", "kvm1", (), Reason.HOST_KEY),
    ],
)
async def test_certificates_of_hosts(
    bench: Bench, line: str, principals: str, options: tuple[str, ...], expected: Reason | None
) -> None:
    """A host CA is trusted for the names of its line only, while valid, and never as a plain key."""
    sign(bench, bench.place / "authority", principals.format(address=bench.host.address), *options)
    settings = bench.settings()
    authority = (bench.place / "authority.pub").read_text()
    settings.known_hosts_file.write_text(f"{line} {authority}")
    assert await outcome(settings, bench) is expected


async def test_a_certificate_of_another_authority_is_refused(bench: Bench) -> None:
    """Only the CA of known_hosts signs."""
    sign(bench, bench.place / "other_authority", "kvm1")
    settings = bench.settings()
    settings.known_hosts_file.write_text(f"@cert-authority * {(bench.place / 'authority.pub').read_text()}")
    assert await outcome(settings, bench) is Reason.HOST_KEY


async def test_a_plain_line_also_fits_a_host_with_a_certificate(bench: Bench) -> None:
    """Old lines go on working when an operator introduces a CA."""
    sign(bench, bench.place / "authority", "kvm1")
    assert await outcome(bench.settings(), bench) is None


async def test_where_one_session_is_allowed_calls_take_turns(bench: Bench) -> None:
    """MaxSessions 1: a visit to the host and two through it at the same time all succeed."""
    sign(bench, bench.place / "authority", "kvm1")
    ssh = Ssh(bench.settings(), SystemClock(), bench.script)
    requests = (Request((Asked("slow"),)), *(Request((Asked("inside_slow"),), bench.hop) for _ in range(2)))
    found = await asyncio.gather(*(ssh.collect(bench.machine, request, seconds=40) for request in requests))
    again = await asyncio.gather(
        *(ssh.collect(bench.machine, Request((Asked("hello"),)), seconds=40) for _ in range(3))
    )
    assert ssh.open_connections == 1
    await ssh.close()
    assert [one.failure for one in (*found, *again)] == [None] * 6


@contextmanager
def router_with(bench: Bench, *options: str) -> Iterator[None]:
    """Run the router's sshd with other options for a while."""
    bench.router.stop()
    bench.router.options = options
    bench.router.start()
    try:
        yield
    finally:
        bench.router.stop()
        bench.router.options = ()
        bench.router.start()


async def test_old_system_vms_need_the_explicit_opening(bench: Bench) -> None:
    """group14-sha1 and an ssh-rsa host key are spoken only where the setting says so."""
    sign(bench, bench.place / "authority", "kvm1")
    make_key(bench.router.place / "run/sshd/rsa_key", "rsa")
    old = ("HostKeyAlgorithms ssh-rsa", "KexAlgorithms diffie-hellman-group14-sha1")
    request = Request((Asked("inside"),), bench.hop)
    with router_with(bench, "HostKey /run/sshd/rsa_key", *old):
        assert await outcome(bench.settings(), bench, request) is Reason.UNSUPPORTED
        assert await outcome(bench.settings(legacy_system_vms=True), bench, request) is None


async def test_group_exchange_is_never_spoken(bench: Bench) -> None:
    """It would keep a router's only CPU busy."""
    sign(bench, bench.place / "authority", "kvm1")
    request = Request((Asked("inside"),), bench.hop)
    with router_with(bench, "KexAlgorithms diffie-hellman-group-exchange-sha256"):
        assert await outcome(bench.settings(legacy_system_vms=True), bench, request) is Reason.UNSUPPORTED
