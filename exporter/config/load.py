"""From a file to a Config, or to every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import SecretStr, ValidationError

from exporter.config import yamlfile
from exporter.config.models import Config

SECRETS = (
    ("cloudstack", "api_key"),
    ("cloudstack", "secret_key"),
    ("ssh", "key_passphrase"),
    ("database", "password"),
)
"""The named secret fields: each may be ``${VARIABLE}``, or be read from ``<name>_file``."""


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


def load(
    path: Path, environment: Mapping[str, str], overrides: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> Config:
    """Return the configuration in the file ``path``; relative paths in it count from its folder.

    Args:
        path: the file.
        environment: where ``${VARIABLE}`` of secrets is looked up.
        overrides: (section, key) -> value, as the command line gives them.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), (Mistake("", 1, f"cannot be read: {error}"),)) from error
    return parse(text, environment, folder=path.parent, source=str(path), overrides=overrides)


def parse(
    text: str,
    environment: Mapping[str, str],
    *,
    folder: Path,
    source: str = "config",
    overrides: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> Config:
    """Return the configuration in ``text``, secrets filled in.

    Raises:
        ConfigError: with every mistake at once.
    """
    document = _read(text, source)
    mistakes = [Mistake(_dotted(path), line, "stands twice; keep one of the two") for path, line in document.repeated]
    data, secret_mistakes = _with_secrets(document, environment, folder)
    mistakes += secret_mistakes
    for (section, field), value in overrides.items():
        if isinstance(data.setdefault(section, {}), dict):
            data[section][field] = value
    config = None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        mistakes += [_mistake(entry, document) for entry in error.errors(include_url=False)]
    if config is None or mistakes:
        raise ConfigError(source, tuple(sorted(mistakes, key=lambda mistake: mistake.line)))
    return config


def _read(text: str, source: str) -> yamlfile.Document:
    try:
        document = yamlfile.read(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(source, (Mistake("", mark.line + 1 if mark else 1, f"is no YAML: {problem}"),)) from error
    if not isinstance(document.data, dict):
        raise ConfigError(source, (Mistake("", 1, "must be a mapping with the section cloudstack"),))
    return document


def _mistake(error: Any, document: yamlfile.Document) -> Mistake:
    path: tuple[str | int, ...] = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is no known key; see config/exporter.example.yml for all keys"
    elif error["type"] == "missing":
        message = "is missing"
    return Mistake(_dotted(path), document.line(path), message)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path)


def _with_secrets(
    document: yamlfile.Document, environment: Mapping[str, str], folder: Path
) -> tuple[dict[str, Any], list[Mistake]]:
    """Return the data with secrets read and paths made absolute, and what went wrong."""
    data: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for name, section in document.data.items():
        data[name] = _absolute(section, folder) if isinstance(section, dict) else section
    for name, field in SECRETS:
        section = data.get(name)
        if not isinstance(section, dict):
            continue
        try:
            _fill(section, field, environment)
        except ValueError as error:
            place = field if section.get(field) is not None else f"{field}_file"
            mistakes.append(Mistake(f"{name}.{place}", document.line((name, place)), str(error)))
    return data, mistakes


def _absolute(section: dict[Any, Any], folder: Path) -> dict[Any, Any]:
    return {
        key: str(folder / value) if str(key).endswith("_file") and isinstance(value, str) else value
        for key, value in section.items()
    }


def _fill(section: dict[str, Any], field: str, environment: Mapping[str, str]) -> None:
    """Replace ``${VARIABLE}`` or read ``<field>_file`` into ``field``."""
    value, file = section.get(field), section.get(f"{field}_file")
    if value is not None and file is not None:
        return  # the model refuses the two together
    if isinstance(file, str):
        section[field] = SecretStr(_from_file(Path(file)))
        del section[f"{field}_file"]
    elif value is not None:
        section[field] = SecretStr(_from_environment(value, environment))


def _from_environment(value: object, environment: Mapping[str, str]) -> str:
    found = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value) if isinstance(value, str) else None
    if found is None:
        message = "a secret does not stand in this file: write it to a file and name that, or give ${VARIABLE}"
        raise ValueError(message)
    if not environment.get(found[1]):
        message = f"the environment variable {found[1]} is not set or empty"
        raise ValueError(message)
    return environment[found[1]]


def _from_file(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'it is no text'}"
        raise ValueError(message) from error
    if not secret or "\n" in secret:
        message = "must hold the secret alone, on one line"
        raise ValueError(message)
    return secret
