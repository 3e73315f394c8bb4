"""Mistakes in a configuration, each with its place and in words that need no knowledge of how it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.config import yamlfile

Place = tuple[str | int, ...]
WORDS = {
    "extra_forbidden": "is no known key; see config/exporter.example.yml for all keys",
    "missing": "is missing",
    "model_type": "must be a section: a key and a value on each of its lines",
    "tuple_type": "must be a list: [first, second]",
    "string_type": "must be a text; put it between quotes",
    "path_type": "must be the path of a file or directory",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "date_type": "must be a date, for example 2027-03-31",
    "date_parsing": "must be a date, for example 2027-03-31",
    "date_from_datetime_parsing": "must be a date, for example 2027-03-31",
    "date_from_datetime_inexact": "must be a date without a time, for example 2027-03-31",
}
"""Kind of mistake, as pydantic names it -> what people are told."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where, and what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.message}" if self.path else f"line {self.line}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        mistakes: every mistake found, in the order of the file.
    """

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))


def dotted(place: Place) -> str:
    """Return a place as people write it: ``accept.0.metric``."""
    return ".".join(str(step) for step in place)


def told(error: Any, document: yamlfile.Document) -> Mistake:
    """Return what pydantic found, in our words; never the value, which may be a secret."""
    place: Place = error["loc"]
    if error["input"] is None and error["type"] not in {"missing", "extra_forbidden"}:
        message = "is empty: give it a value, or leave the key out"
    else:
        said = str(error["msg"]).removeprefix("Value error, ")
        message = WORDS.get(error["type"]) or re.sub(r"^(Input|String) should ", "must ", said)
    return Mistake(dotted(place), document.line(place), message)


def misplaced(file: Path, found: Iterable[tuple[Place, str]]) -> ConfigError:
    """Return the error that tells mistakes of a file that could be loaded, each with its line."""
    try:
        document = yamlfile.read(file.read_text(encoding="utf-8"))
    except OSError:  # it has gone meanwhile
        document = yamlfile.Document(None)
    made = [Mistake(dotted(place), document.line(place), message) for place, message in found]
    return ConfigError(str(file), tuple(sorted(made, key=lambda one: one.line)))
