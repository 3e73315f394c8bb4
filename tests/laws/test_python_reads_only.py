"""Law 4 in the one program of Python that is run elsewhere: it dials, runs what only reads, and touches no file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from exporter.questions.dialling import DIALLING

MODULES = {"errno", "os", "select", "socket", "subprocess", "sys", "threading", "time"}
CALLS = {
    "dict.fromkeys", "getattr", "set", "list", "len", "int", "max",  # of the language
    "decode", "splitlines", "split", "isdigit", "replace", "rpartition", "startswith", "partition", "join", "items",
    "append", "pop", "get",  # of its values
    "select.poll", "poll.poll", "poll.register", "poll.unregister", "fileno", "clock",
    "socket.socket", "socket.create_connection", "setblocking", "connect_ex", "getsockopt",  # nothing is ever sent
    "threading.Thread", "start", "thread.join", "subprocess.Popen", "communicate",
    "sys.stdout.write", "sys.stdout.flush", "sys.exc_info", "os._exit",
}  # fmt: skip
"""Everything that may be called, reviewed; what is behind the last dot alone is a method of some value."""
RUN = {("ss", "-tn", "state", "established"), ("netstat", "-tn")}
GIVEN = re.compile(r"exec \"\$python\" -EsSB -c '([^']*)' \"\$@\"")


def unreviewed(program: str) -> Iterator[str]:
    """Yield what a program imports, calls or runs that is not reviewed."""
    tree = ast.parse(program)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name not in MODULES)
            case ast.ImportFrom() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda() | ast.With():
                yield type(node).__name__
            case ast.Call():
                yield from _unreviewed_call(node, CALLS | own)
            case ast.Attribute(attr=name) if name.startswith("__"):
                yield name


def _unreviewed_call(node: ast.Call, known: set[str]) -> Iterator[str]:
    """Yield the name of a call that is not reviewed; of a module it must be known whole, of a value by its method."""
    name = ast.unparse(node.func)
    module, _, method = name.rpartition(".")
    if name not in known and (module in MODULES or method not in known):
        yield name
    if name == "subprocess.Popen" and ast.unparse(node.args[0]) != "command":
        yield ast.unparse(node)


def commands(program: str) -> set[object]:
    """Return what ``command`` is, one after the other; it is set in no other way."""
    tree = ast.parse(program)
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For) and ast.unparse(node.target) == "command"]
    stores = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    assert sum(node.id == "command" for node in stores) == len(loops)
    return {words for loop in loops for words in ast.literal_eval(loop.iter)}


def test_the_program_that_dials_is_reviewed() -> None:
    """And the other words of its text are looked at as those of every question are."""
    [program] = GIVEN.findall(DIALLING)
    assert list(unreviewed(program)) == []
    assert commands(program) == RUN


def test_no_module_of_the_directory_it_stands_in_is_imported() -> None:
    """Python begins its path with that directory; it is taken away before anything is imported but sys, a builtin."""
    [program] = GIVEN.findall(DIALLING)
    first, second, *_ = program.strip().splitlines()
    assert (first, second) == ("import sys", "del sys.path[0]")


@pytest.mark.parametrize(
    "program",
    [
        "open('x')",
        "import shutil",
        "from os import remove",
        "os.remove('x')",
        "os.replace('x', 'y')",
        "os.system('reboot')",
        "subprocess.Popen(('reboot', 'now'))",
        "subprocess.run(command)",
        "one.sendall(b'x')",
        "eval('1')",
        "().__class__",
        "with x: pass",
        "__import__('os')",
    ],
)
def test_what_does_more_is_found(program: str) -> None:
    """So that the list above means something."""
    assert list(unreviewed(program))
