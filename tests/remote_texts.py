"""Runs the true text of a question as the collector does, over files and tools that a test lays out."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.model import Question

SHELLS = {"dash": ("dash",), "busybox": ("busybox", "sh")}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def shells() -> list[str]:
    """Return the names of the shells that are installed; dash is /bin/sh of Debian."""
    return [name for name, command in SHELLS.items() if shutil.which(command[0])]


@dataclass(frozen=True)
class Machine:
    """A pretended machine: files below ``root``, and tools that stand before the real ones on the PATH.

    Debian's busybox runs its own applets (ip, ps, awk, timeout, ...) whatever stands on the PATH.
    """

    root: Path
    tools: Path

    @classmethod
    def at(cls, place: Path) -> Machine:
        """Return an empty machine below ``place``."""
        machine = cls(place / "root", place / "tools")
        machine.root.mkdir()
        machine.tools.mkdir()
        return machine

    def file(self, path: str, text: str = "") -> Path:
        """Write a file of the machine."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def tool(self, name: str, arguments: str, output: str, code: int = 0) -> None:
        """Put a tool on the PATH that knows exactly these arguments and says so when it gets others."""
        self.file_tool(
            name,
            f'[ "$*" = {_quoted(arguments)} ] || {{ echo "{name}: unknown arguments: $*" >&2; exit 2; }}\n'
            f"cat <<'END_OF_OUTPUT'\n{output.rstrip(chr(10))}\nEND_OF_OUTPUT\nexit {code}\n",
        )

    def file_tool(self, name: str, script: str) -> None:
        """Put a tool on the PATH that does what ``script`` says."""
        tool = self.tools / name
        tool.write_text(f"#!/bin/sh\n{script}")
        tool.chmod(0o755)

    def ask(
        self,
        question: Question[Any],
        *parameters: str,
        shell: str = "dash",
        path: str = PATH,
        before: tuple[str, ...] = (),
    ) -> tuple[int, str]:
        """Return exit code and output of the question's text; ``before`` is a command that runs the shell."""
        done = subprocess.run(
            [*before, *SHELLS[shell], "-c", 'eval "$text"', question.name, *parameters],
            env={"PATH": f"{self.tools}:{path}", "ROOT": str(self.root), "LC_ALL": "C", "text": question.text},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=question.seconds + 5,
            check=False,
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def read(self, question: Question[Any], *parameters: str, shell: str = "dash", before: tuple[str, ...] = ()) -> Any:
        """Return what the question's reader makes of the output; the text must end well."""
        code, output = self.ask(question, *parameters, shell=shell, before=before)
        assert code == 0, output
        return question.read(output)


def sample(room: str, name: str) -> str:
    """Return a recorded output without the line that names its origin."""
    text = (Path(__file__).parent / "samples" / room / name).read_text()
    return text.partition("\n")[2]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
