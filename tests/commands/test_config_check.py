"""``config-check`` without ``--online``: what it calls good can start, and looks at what it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest
import yaml

from exporter.cli import main
from exporter.config.example import ACCEPT

GOOD = {
    "cloudstack": {"url": "https://c.example.com/client/api", "api_key_file": "key", "secret_key_file": "key"},
    "ssh": {
        "user": "monitor",
        "key_file": "id",
        "key_passphrase_file": "passphrase",
        "known_hosts_file": "known_hosts",
    },
    "templates": {"directory": "images"},
    "accept": [ACCEPT],
}
CERTIFICATE = "cloudstack_network_console_proxy_certificate_valid"
Check = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made() -> tuple[bytes, str]:
    """Return a private key with a passphrase, slow to make, and a line of known_hosts."""
    private = asyncssh.generate_private_key("ssh-ed25519")
    line = "192.0.2.1 " + private.export_public_key().decode()
    return private.export_private_key(passphrase="open sesame", rounds=64), line


@pytest.fixture
def check(tmp_path: Path, made: tuple[bytes, str], capsys: pytest.CaptureFixture[str]) -> Check:
    """Return a function that checks the good configuration with sections replaced: exit code, output, error."""
    (tmp_path / "key").write_text("k")
    (tmp_path / "passphrase").write_text("open sesame")
    (tmp_path / "id").write_bytes(made[0])
    (tmp_path / "known_hosts").write_text(made[1])
    (tmp_path / "images").mkdir()
    file = tmp_path / "config.yml"

    def run(**sections: object) -> tuple[int, str, str]:
        file.write_text(yaml.safe_dump({**GOOD, **sections}, sort_keys=False))
        code = main(["config-check", "--config.file", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_what_is_good_is_called_good(check: Check) -> None:
    """Every file is there and can be used, and every accepted metric exists."""
    assert check() == (0, "The configuration is good.\n", "")


def test_intervals_that_are_too_short_are_warned_of(check: Check) -> None:
    """The lab needs such, so they are not refused; each is named with what it is and what to do."""
    code, out, error = check(intervals={"inventory": 1, "router": 10, "host": 0.001, "deadline": 40})
    assert (code, out) == (0, "The configuration is good.\n")
    assert [line.partition("config.yml: ")[2] for line in error.splitlines()] == [
        "line 20: intervals.inventory: each 1 s is a load without a pause: 10 or more, usually 300",
        "line 22: intervals.host: each 0.001 s is a load without a pause: 10 or more, usually 60",
    ]
    assert error.startswith("warning: ")


@pytest.mark.parametrize(
    ("key", "file", "line", "words"),
    [
        ("key_file", "nope", 7, "nope cannot be read: No such file or directory: put the private key there"),
        ("key_file", "images", 7, "images cannot be read: Is a directory"),
        ("key_file", "known_hosts", 7, "known_hosts cannot be used: "),
        ("key_passphrase_file", "key", 7, "id cannot be used: the passphrase is missing or wrong"),
        ("known_hosts_file", "nope", 9, "nope cannot be read: No such file or directory: privileges hosts"),
        ("known_hosts_file", "empty", 9, "empty cannot be used: it is empty, so no host would be trusted"),
    ],
)
def test_a_file_of_ssh_that_cannot_be_used_is_named(
    check: Check, tmp_path: Path, key: str, file: str, line: int, words: str
) -> None:
    """With the configuration's file and line, the key, the path, and what to do; never with a secret."""
    (tmp_path / "empty").write_text("\n")
    code, out, error = check(ssh={**GOOD["ssh"], key: file})  # type: ignore[dict-item]
    place = "key_file" if key == "key_passphrase_file" else key
    assert (code, out) == (1, "")
    assert error.startswith(f"{tmp_path}/config.yml: line {line}: ssh.{place}: {tmp_path}/{words}"), error
    assert "open sesame" not in error


def test_a_directory_of_templates_that_is_not_there_is_named(check: Check, tmp_path: Path) -> None:
    """Both of them, each with its key; relative paths count from the file's folder."""
    code, _, error = check(templates={"directory": "nope", "work": "/var/nope"})
    assert code == 1
    assert f"templates.directory: {tmp_path}/nope is no directory here: make or mount it" in error
    assert "templates.work: /var/nope is no directory here" in error


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": CERTIFICATE.replace("valid", "vallid")}, f"did you mean {CERTIFICATE}?"),
        ({"metric": "cloudstack_network_zzz"}, "cloudstack_network_zzz is no metric of the exporter: see docs/metrics"),
        ({"metric": "cloudstack_network_exporter_target_up"}, "is never a problem, so nothing is to accept"),
        ({"matchers": ['zone="a"', 'host="kvm-1"']}, "has no label host: it has zone, console_proxy"),
    ],
)
def test_an_accept_entry_that_can_match_nothing_is_named(check: Check, changes: dict[str, object], words: str) -> None:
    """A typo there would leave the finding red, or an alert firing, in the night it was meant for."""
    code, _, error = check(accept=[ACCEPT, {**ACCEPT, **changes}])
    assert code == 1
    assert words in error
    assert f"accept.1.{next(iter(changes))}" in error


def test_mistakes_of_several_sections_are_told_at_once_in_the_order_of_the_file(check: Check) -> None:
    """One run, one list."""
    _, _, error = check(ssh={**GOOD["ssh"], "key_file": "nope"}, templates={"directory": "nope"}, accept=[  # type: ignore[dict-item]
        {**ACCEPT, "metric": "cloudstack_network_zzz"}])  # fmt: skip
    assert [line.split(": ")[2] for line in error.splitlines()] == [
        "ssh.key_file", "templates.directory", "accept.0.metric",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["check", "run", "config-check"])
def test_what_cannot_start_is_told_by_each_command_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A CA file that is missing, and a path that is taken: the file, the key, and what to do."""
    (tmp_path / "key").write_text("k")
    file = tmp_path / "config.yml"
    api = {**GOOD["cloudstack"], "ca_file": "nope.pem"}  # type: ignore[dict-item]
    file.write_text(yaml.safe_dump({"cloudstack": api, "web": {"telemetry_path": "/findings"}}))
    assert main([command, "--config.file", str(file)]) == (2 if command == "check" else 1)
    error = capsys.readouterr().err
    assert f"cloudstack.ca_file: {tmp_path}/nope.pem cannot be read: No such file or directory: put CA" in error
    assert "web.telemetry_path: is a page of the exporter itself: choose another" in error
