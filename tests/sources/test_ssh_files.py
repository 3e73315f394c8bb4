"""The files of SSH are read again when they change, and what is known of a machine is found in them."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest

from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.sources.ssh_files import KEY_ALGORITHMS, WatchedFile, parse_known_hosts, trust

MACHINE = Machine("kvm1", "192.0.2.7")


def public(kind: str = "ssh-ed25519") -> str:
    """Return a new public key as known_hosts has it."""
    return asyncssh.generate_private_key(kind).export_public_key().decode()


async def test_a_file_is_parsed_once_and_again_when_it_changes(tmp_path: Path) -> None:
    """Thousands of lines are not parsed for every login."""
    parsed: list[bytes] = []

    def parse(data: bytes) -> int:
        parsed.append(data)
        return len(parsed)

    file = tmp_path / "file"
    file.write_bytes(b"one")
    watched = WatchedFile(file, parse)
    assert [await watched.read(), await watched.read()] == [1, 1]
    file.write_bytes(b"three")
    assert [await watched.read(), await watched.read()] == [2, 2]
    other = tmp_path / "other"
    other.write_bytes(b"3hree")
    other.rename(file)
    assert await watched.read() == 3
    assert parsed == [b"one", b"three", b"3hree"]


async def test_a_file_that_has_become_bad_is_told_and_not_replaced_by_the_old_one(tmp_path: Path) -> None:
    """A broken known_hosts refuses everyone, as a wrong line may be the one that counts."""
    file = tmp_path / "known_hosts"
    file.write_text(f"kvm1 {public()}")
    watched = WatchedFile(file, parse_known_hosts)
    await watched.read()
    file.write_text("@nonsense kvm1 ssh-ed25519 AAAA\n")
    for _ in range(2):
        with pytest.raises(SourceError) as raised:
            await watched.read()
        assert raised.value.reason is Reason.UNREADABLE
    file.unlink()
    with pytest.raises(SourceError) as raised:
        await watched.read()
    assert raised.value.reason is Reason.MISSING
    assert "No such file" in raised.value.detail


@pytest.mark.parametrize(
    ("pattern", "port", "is_known"),
    [
        ("kvm1", 22, True),
        ("192.0.2.7", 22, True),
        ("192.0.2.*", 22, True),
        ("[192.0.2.7]:2222", 2222, True),
        ("192.0.2.7", 2222, True),
        ("kvm2", 22, False),
        ("192.0.2.70", 22, False),
        ("[192.0.2.7]:2222", 22, False),
        ("192.0.2.*,!192.0.2.7", 22, False),
    ],
)
def test_lines_are_found_by_name_and_by_address(pattern: str, port: int, *, is_known: bool) -> None:
    """As OpenSSH finds them."""
    known_hosts = parse_known_hosts(f"# comment\n{pattern} {public()}".encode())
    if is_known:
        assert len(trust(known_hosts, MACHINE, port).known[0]) == 1  # type: ignore[arg-type]
    else:
        with pytest.raises(SourceError) as raised:
            trust(known_hosts, MACHINE, port)
        assert raised.value.reason is Reason.HOST_KEY


def test_signatures_that_fit_the_known_key_come_first_and_sha1_never_comes() -> None:
    """So a host with several keys shows the one that we know."""
    found = trust(parse_known_hosts(f"kvm1 {public('ssh-rsa')}".encode()), MACHINE, 22)
    assert found.algorithms[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    assert set(found.algorithms) == set(KEY_ALGORITHMS)
    assert "ssh-rsa" not in found.algorithms


def test_certificates_come_before_plain_keys() -> None:
    """Where a CA is trusted for the machine; it must know the machine by the name that the line matched."""
    by_name = trust(parse_known_hosts(f"@cert-authority kvm* {public()}".encode()), MACHINE, 22)
    by_address = trust(parse_known_hosts(f"@cert-authority 192.0.2.* {public()}".encode()), MACHINE, 22)
    assert by_name.algorithms[0] == "ssh-ed25519-cert-v01@openssh.com"
    assert (by_name.name, by_address.name) == ("kvm1", "192.0.2.7")
