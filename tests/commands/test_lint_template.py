"""lint-template as a maker of templates types it, and as the exporter starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from exporter.cli import parser
from exporter.commands.lint_template import lint_template
from exporter.lint.here import hypervisor_here
from exporter.lint.wire import loaded
from tests.disk_images import LINUX, busy, converted, ext, working_in
from tests.real_parts import require

pytestmark = pytest.mark.timeout(120)
KEPT = 'SUBSYSTEM=="net", ATTR{address}=="52:54:00:aa:bb:cc", NAME="eth0"\n'
BUSY = 3.0  # seconds of processor, more than a process takes to start
BROKEN = {**LINUX, "etc/udev/rules.d/70-persistent-net.rules": KEPT}


@pytest.fixture(autouse=True)
def _tools() -> None:
    require("qemu-img", "debugfs", "mke2fs")


async def begin(*words: str | Path) -> asyncio.subprocess.Process:
    # started in the background, the tests ignore SIGINT, and so would what they start
    return await asyncio.create_subprocess_exec(
        "env", "--default-signal=INT", sys.executable, "-m", "exporter", "lint-template", *map(str, words),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


async def command(*words: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error."""
    process = await begin("--here-anyway", *words)
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return converted(ext(tmp_path / "clean", LINUX), "qcow2")


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    return converted(ext(tmp_path / "flawed", BROKEN), "qcow2")


async def test_a_clean_image(clean: Path) -> None:
    """Exit code 0; hints are told and are no failure."""
    code, out, error = await command(clean)
    assert (code, error) == (0, "")
    assert out.startswith(f"{clean}: qcow2, linux: 2 info\n")


async def test_an_image_with_a_flaw(flawed: Path, clean: Path) -> None:
    """Exit code 1; severity, place, what it breaks, and the remedy."""
    code, out, _ = await command(clean, flawed)
    assert code == 1
    assert f"{flawed}: qcow2, linux: 1 high, 2 info" in out
    assert "  high    persistent_net_rules: /etc/udev/rules.d/70-persistent-net.rules: SUBSYSTEM" in out
    assert "          The NIC of every guest becomes eth1" in out
    assert "          remedy: Delete /etc/udev" in out


async def test_a_password_enabled_template(clean: Path) -> None:
    """What is a hint becomes a flaw when it is said that guests must have a password."""
    code, out, _ = await command("--password-enabled", clean)
    assert (code, "high    password_service_missing" in out) == (1, True)
    code, out, _ = await command("--no-password-enabled", clean)
    assert (code, "password_service" in out) == (0, False)


async def test_as_json(clean: Path, flawed: Path, tmp_path: Path) -> None:
    """One object per image, in the order of the command line; what is not there too."""
    code, out, _ = await command("--json", flawed, tmp_path / "none.qcow2", clean)
    first, missing, last = json.loads(out)
    assert code == 1
    assert (first["image"], first["flaws"][0]["severity"]) == (str(flawed), "high")
    assert (missing["reason"], last["reason"]) == ("missing", None)
    assert loaded(out.encode())[0].flaws[0].rule == "persistent_net_rules"


async def test_an_image_that_cannot_be_read(tmp_path: Path) -> None:
    """Exit code 3, with the reason: it is not clean."""
    image = tmp_path / "a.qcow2"
    image.write_bytes(b"QFI\xfb" + bytes(100))
    code, out, _ = await command(image)
    assert (code, "could not be read" in out) == (3, True)
    code, out, _ = await command(tmp_path / "none.raw")
    assert (code, "missing: there is no such file" in out) == (3, True)


@pytest.mark.parametrize("words", [(), ("--seconds", "0", "x"), ("--work", "/nonexistent", "x"), ("--unknown", "x")])
async def test_wrong_usage(words: tuple[str, ...]) -> None:
    """Exit code 2."""
    assert (await command(*words))[0] == 2


async def test_help_says_the_exit_codes() -> None:
    """Pipelines rest on them."""
    code, out, _ = await command("--help")
    text = " ".join(out.split())
    assert code == 0
    for words in ("0 no flaw of severity high or medium", "1 such flaws", "2 wrong usage", "3 no such flaw was found"):
        assert words in text


def test_a_hypervisor_host_is_no_place_for_it(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and who runs there, before anything is opened."""
    given = parser().parse_args(["lint-template", str(clean)])
    assert lint_template(given, lambda: "libvirtd") == 2
    assert "libvirtd runs here" in capsys.readouterr().err


def test_what_tells_of_a_hypervisor(tmp_path: Path) -> None:
    """libvirt's daemons by name, the agent by its class; a process that has ended is passed over."""
    assert hypervisor_here(tmp_path) == ""
    for number, (name, words) in enumerate({"bash": b"bash\0", "java": b"java\0-cp\0x\0org.other.Main\0"}.items()):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_text(f"{name}\n")
        (tmp_path / str(number) / "cmdline").write_bytes(words)
    (tmp_path / "77").mkdir()
    assert hypervisor_here(tmp_path) == ""
    (tmp_path / "1" / "cmdline").write_bytes(b"java\0-cp\0x\0com.cloud.agent.AgentShell\0")
    assert hypervisor_here(tmp_path) == "cloudstack-agent"
    (tmp_path / "0" / "comm").write_text("virtqemud\n")
    assert hypervisor_here(tmp_path) == "virtqemud"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_nothing_is_left_behind_when_it_is_ended(flawed: Path, tmp_path: Path, number: int) -> None:
    """Ctrl-C or SIGTERM in the middle: no process, no file."""
    work = tmp_path / "work"
    work.mkdir()
    many = [flawed] * 200
    process = await begin("--here-anyway", "--work", work, *many)
    while not any(work.iterdir()):
        await asyncio.sleep(0.01)
    process.send_signal(number)
    await process.communicate()
    assert process.returncode in {130, 128 + signal.SIGTERM}
    assert list(work.iterdir()) == []
    assert working_in(work) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_image_that_keeps_it_busy_keeps_it_from_no_signal(tmp_path: Path, number: int) -> None:
    """In the middle of content that is read without a pause."""
    image, work = busy(tmp_path / "busy.raw"), tmp_path / "work"
    work.mkdir()
    process = await begin("--here-anyway", "--work", work, image)
    while not any(seconds_of(one) > BUSY for one in working_in(work) if one != process.pid):
        await asyncio.sleep(0.05)
    process.send_signal(number)
    await process.communicate()
    assert process.returncode in {130, 128 + signal.SIGTERM}
    assert list(work.iterdir()) == []
    assert working_in(work) == []


async def test_the_limit_of_time_holds_whatever_stands_in_an_image(tmp_path: Path) -> None:
    """The image is unread with the reason, nothing goes on behind it, and the next one has its turn."""
    image, work = busy(tmp_path / "busy.raw"), tmp_path / "work"
    work.mkdir()
    code, out, _ = await command("--seconds=4", "--work", work, image, tmp_path / "none.raw")
    assert (code, f"{image}: could not be read: timeout: not read within 4 s" in out) == (3, True)
    assert "none.raw: could not be read: missing" in out
    assert list(work.iterdir()) == []
    assert working_in(work) == []


def seconds_of(process: int) -> float:
    """Return the seconds of processor that a process has taken, 0 when it has ended."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
