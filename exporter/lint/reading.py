"""How the files of an image are read: bounded, whatever stands in them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from exporter.lint.files import Files, Kind, LintError
from exporter.model import Reason, UnreadableError

TEXT_BYTES = 256 * 1024  # of one file that people write
YAML_BYTES = 32 * 1024
YAML_EVENTS = 20_000
YAML_DEPTH = 24
YAML_ALIASES = 32
FILES = 200  # of one kind that are looked at in one folder

ASSIGNMENT = re.compile(r"""\s*(?:export\s+)?(\w+)=(?:"([^"]*)"|'([^']*)'|([^\s#;]*))""")


async def text(files: Files, path: str, limit: int = TEXT_BYTES) -> str | None:
    """Return the text of a file, None when there is none.

    Raises:
        LintError: it is larger than ``limit`` bytes, or cannot be read.
    """
    raw = await files.read(path, limit + 1)
    if raw is None:
        return None
    if len(raw) > limit:
        raise LintError(Reason.TOO_LARGE, f"{path} has more than {limit} bytes")
    return raw.decode("utf-8-sig", "replace")


async def some(files: Files, folder: str, *patterns: str) -> tuple[str, ...]:
    """Return the paths in a folder whose name fits a pattern; none when there is no such folder.

    Raises:
        LintError: they are too many, or the folder cannot be read.
    """
    names = await files.names(folder) or ()
    chosen = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    if len(chosen) > FILES:
        raise LintError(Reason.TOO_LARGE, f"{folder} has {len(chosen)} files of one kind")
    return tuple(f"{folder}/{name}" for name in chosen)


async def first_of(files: Files, *paths: str) -> str | None:
    """Return the first path at which something stands, None when nothing does."""
    for path in paths:
        if await files.kind(path) is not None:
            return path
    return None


async def program(files: Files, *names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    folders = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")
    return await first_of(files, *(f"{folder}/{name}" for name in names for folder in folders))


async def has_content(files: Files, path: str) -> bool:
    """Return whether a regular file stands there, not through a link, and is not empty."""
    return await files.kind(path) is Kind.FILE and bool(await files.read(path, 1))


def lines(content: str) -> Iterator[str]:
    """Yield the lines that say something: no comments, no empty ones; what ends in a backslash goes on."""
    for line in re.sub(r"\\\r?\n", " ", content).splitlines():
        said = line.strip()
        if said and not said.startswith("#"):
            yield said


def assignments(content: str) -> dict[str, str]:
    """Return what a file of shell assignments (``KEY="value"``) sets; the last one counts."""
    found: dict[str, str] = {}
    for line in lines(content):
        fits = ASSIGNMENT.match(line)
        if fits:
            key, *values = fits.groups()
            found[key] = next((value for value in values if value is not None), "")
    return found


def entries(content: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and value of each line of an INI file (keyfiles, units), keys may come again."""
    section = ""
    for line in lines(content):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif not line.startswith(";") and "=" in line:
            key, _, value = line.partition("=")
            yield section, key.strip(), value.strip()


def mapping(content: str) -> dict[str, Any]:
    """Return the mapping of a YAML file, every scalar a string; empty when the file is.

    Raises:
        UnreadableError: it is no YAML, no mapping, or larger or deeper than anybody writes by hand.
    """
    if len(content) > YAML_BYTES:
        message = "more YAML than anybody writes by hand"
        raise UnreadableError(message)
    try:
        _measure(content)
        found = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but strings, lists, mappings
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = "no YAML that can be read"
        raise UnreadableError(message) from error
    if found in (None, ""):
        return {}
    return dict(part(found, "the file"))


def _measure(content: str) -> None:
    """Raise UnreadableError for YAML that would cost much once it is loaded."""
    depth = aliases = 0
    for number, event in enumerate(yaml.parse(content, Loader=yaml.BaseLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if number > YAML_EVENTS or depth > YAML_DEPTH or aliases > YAML_ALIASES:
            message = "YAML that is deeper or larger than anybody writes by hand"
            raise UnreadableError(message)


def part(found: Any, name: str) -> Mapping[str, Any]:
    """Return what was found in YAML as a mapping by strings; raises UnreadableError when it is none."""
    if found in (None, "", "null", "~"):
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        message = f"{name} is no mapping"
        raise UnreadableError(message)
    return found


def is_true(value: Any) -> bool:
    """Return whether a word of YAML, INI or shell means yes."""
    return isinstance(value, str) and value.strip().lower() in {"true", "yes", "on", "y", "1"}
