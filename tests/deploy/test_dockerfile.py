"""The Dockerfile, run step by step without a container engine: its own commands in a folder instead of an image."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real_parts import require

NOBODY = "65534"


@pytest.fixture
def instructions(root: Path) -> list[tuple[str, str]]:
    """Return (instruction, rest) of every line of the Dockerfile, continued lines joined."""
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines() if line.strip()]


def test_hadolint_has_nothing_to_say(root: Path) -> None:
    """The linter finds nothing, and nothing is switched off."""
    hadolint = Path(sys.executable).parent / "hadolint"
    require(str(hadolint))
    result = subprocess.run([str(hadolint), str(root / "Dockerfile")], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "hadolint ignore" not in (root / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_runs_as_nobody_on_the_documented_port(instructions: list[tuple[str, str]]) -> None:
    """The last stage ends unprivileged, listens on every address of the default port and asks /-/healthy."""
    last = instructions[max(number for number, (word, _) in enumerate(instructions) if word == "FROM") :]
    said = dict(last)
    assert said["USER"] == f"{NOBODY}:{NOBODY}"
    assert said["EXPOSE"] == "10061"
    assert json.loads(said["CMD"]) == [
        "--config.file=/etc/cloudstack-network-exporter/config.yml",
        "--web.listen-address=:10061",
    ]
    assert "http://127.0.0.1:10061/-/healthy" in said["HEALTHCHECK"]
    assert not [rest for word, rest in last if word == "RUN"]


def _allowed(root: Path) -> list[str]:
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    return [line[1:] for line in lines if line.startswith("!")]


def test_what_is_copied_exists_and_is_let_in(root: Path, instructions: list[tuple[str, str]]) -> None:
    """Each source of COPY is in the repository, and .dockerignore lets exactly these in."""
    copied = [rest.split()[:-1] for word, rest in instructions if word == "COPY" and not rest.startswith("--from")]
    names = sorted({name for names in copied for name in names})
    assert names == sorted(_allowed(root))
    assert all((root / name).exists() for name in names)


def _context(root: Path, to: Path) -> None:
    """Copy what an engine would send as the build context."""
    for name in _allowed(root):
        source, target = root / name, to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=lambda _, names: fnmatch.filter(names, "__pycache__"))
        else:
            shutil.copy(source, target)


def _as_nobody() -> list[str]:
    """Return the prefix that gives up root, empty where we are not root."""
    keep = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    return keep if os.geteuid() == 0 else []


CONFIG = """
cloudstack: {url: "http://127.0.0.1:9/client/api", api_key_file: api, secret_key_file: secret}
"""


@pytest.fixture
def image() -> Iterator[Path]:
    """Return a folder that stands for the image's root; pytest's own cannot be entered by nobody."""
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.real
@pytest.mark.timeout(300)
def test_its_steps_build_a_service_that_is_healthy(
    root: Path, image: Path, instructions: list[tuple[str, str]], free_port: Callable[[], int]
) -> None:
    """The RUN commands make an environment; its ENTRYPOINT and CMD, as nobody, pass its own HEALTHCHECK."""
    _build(root, image, instructions)
    _serve(image, dict(instructions), str(free_port()))


def _inside(image: Path, text: str) -> str:
    return text.replace("/opt/exporter", f"{image}/opt/exporter").replace("/etc/cloudstack", f"{image}/etc/cloudstack")


def _build(root: Path, image: Path, instructions: list[tuple[str, str]]) -> None:
    source = image / "src"
    _context(root, source)
    (image / "opt").mkdir()
    for word, rest in instructions:
        if word == "RUN":
            result = subprocess.run(
                ["sh", "-ec", _inside(image, rest)], cwd=source, capture_output=True, text=True, check=False
            )
            assert result.returncode == 0, result.stdout[-500:] + result.stderr[-1500:]
    shutil.rmtree(source)


def _serve(image: Path, said: dict[str, str], port: str) -> None:
    folder = image / "etc" / "cloudstack-network-exporter"
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    for name in ("api", "secret"):
        (folder / name).write_text("invented", encoding="utf-8")
    program = [_inside(image, word) for word in json.loads(said["ENTRYPOINT"])]
    version = subprocess.run([*_as_nobody(), *program, "--version"], capture_output=True, text=True, check=True)
    assert re.search(r"\d+\.\d+\.\d+", version.stdout)
    arguments = [_inside(image, word).replace(":10061", f"127.0.0.1:{port}") for word in json.loads(said["CMD"])]
    check = json.loads(said["HEALTHCHECK"].partition(" CMD ")[2])
    healthy = [_inside(image, word).replace("10061", port) for word in check]
    assert subprocess.run(healthy, capture_output=True, check=False).returncode != 0
    with subprocess.Popen([*_as_nobody(), *program, *arguments], cwd="/", stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while subprocess.run([*_as_nobody(), *healthy], capture_output=True, check=False).returncode:
                assert process.poll() is None
                assert time.monotonic() < deadline
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
