"""The collector: one POSIX shell script made from the frame in ``exporter/remote`` and the catalogue.

It is installed on hosts as the wrapper, or sent over standard input. The words are the same every way::

    <version> <nonce> host <question>[:<parameter>,...]...
    <version> <nonce> hop <machine> <address>[@<port>] modern|legacy <seconds> <question>[:<parameter>,...]...

with sudo and over standard input (``sh -s --``) as arguments, under a forced command as
``collect <word>...`` in SSH_ORIGINAL_COMMAND. Whoever runs it keeps its standard input open, because its
end means that nobody is listening any more, and running questions are then ended.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from exporter.model import Question, Via
from exporter.questions import catalogue

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/xensource/bin"
"""Where the collector looks for commands."""

INTRODUCTION = """\
#!/bin/sh
# Collector of cloudstack-network-exporter, version @VERSION@. Generated: do not edit, install it anew.
# It answers questions from the closed list below and nothing else; it changes nothing and writes no file.
"""


@dataclass(frozen=True, slots=True)
class Script:
    """The collector's text and its version: 12 hex digits that change with every byte of it."""

    version: str
    text: str

    def moved(self, *, root: str = "", path: str = PATH) -> str:
        """Return the text for a lab or a test, on the host and inside a system VM alike.

        ``root`` is where absolute paths begin, ``path`` where commands are looked for. The version stays.
        """
        return self.text.replace("\nROOT=\n", f"\nROOT={root}\n").replace(f"\nPATH={PATH}\n", f"\nPATH={path}\n")


def assemble(questions: Iterable[Question[Any]]) -> Script:
    """Return the collector that knows ``questions``, in their order."""
    asked = tuple(questions)
    on_host = [question for question in asked if question.via in (Via.HOST, Via.MANAGEMENT_SERVER)]
    in_system_vm = [question for question in asked if question.via is Via.SYSTEM_VM]
    frame = _part("frame.sh")
    inside = frame + _arms(in_system_vm) + _part("inside.sh")
    text = "".join(
        (
            INTRODUCTION,
            frame,
            _arms(on_host),
            _names("question_inside", in_system_vm),
            "\n# What runs inside a system VM.\nINSIDE=" + quoted(inside) + "\n",
            _part("host.sh"),
        )
    )
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Script(version, text.replace("@VERSION@", version))


@cache
def script() -> Script:
    """Return the collector that knows the whole catalogue."""
    return assemble(catalogue())


def version() -> str:
    """Return the version of the collector of this exporter."""
    return script().version


def collector() -> str:
    """Return the text of the collector of this exporter: what is installed, or sent."""
    return script().text


def _part(name: str) -> str:
    """Return one file of ``exporter/remote``."""
    return "\n" + files("exporter.remote").joinpath(name).read_text(encoding="utf-8")


def _arms(questions: Iterable[Question[Any]]) -> str:
    """Return the function that sets limits and text of a question, or fails when it does not know it."""
    arms = "".join(
        f"        {question.name}) seconds={math.ceil(question.seconds)} size={question.size} "
        f"text={quoted(question.text)} ;;\n"
        for question in questions
    )
    return f"\nquestion() {{\n    case $1 in\n{arms}        *) return 1 ;;\n    esac\n}}\n"


def _names(function: str, questions: Iterable[Question[Any]]) -> str:
    """Return a function that succeeds for the names of ``questions`` only."""
    names = "".join(f"        {question.name}) return 0 ;;\n" for question in questions)
    return f"\n{function}() {{\n    case $1 in\n{names}        *) return 1 ;;\n    esac\n}}\n"


def quoted(text: str) -> str:
    """Return ``text`` as one word of POSIX sh."""
    return "'" + text.replace("'", "'\\''") + "'"
