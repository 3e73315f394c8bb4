"""From a file to a Config, or to every mistake in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import ValidationError

from exporter.config import yamlfile
from exporter.config.files import resolved
from exporter.config.mistakes import ConfigError, Mistake, dotted, told
from exporter.config.models import Config, Intervals


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
    return parse(_text(path), environment, folder=path.parent, source=str(path), overrides=overrides)


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
    mistakes = [Mistake(dotted(path), line, "stands twice; keep one of the two") for path, line in document.repeated]
    data, of_files = resolved(document, environment, folder)
    mistakes += of_files
    for (section, field), value in overrides.items():
        if isinstance(data.setdefault(section, {}), dict):
            data[section][field] = value
    config = None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        mistakes += [told(entry, document) for entry in error.errors(include_url=False)]
    if config is None or mistakes:
        raise ConfigError(source, tuple(sorted(mistakes, key=lambda mistake: mistake.line)))
    return config


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), (Mistake("", 1, f"cannot be read: {error}"),)) from error


def _read(text: str, source: str) -> yamlfile.Document:
    try:
        document = yamlfile.read(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(source, (Mistake("", mark.line + 1 if mark else 1, f"is no YAML: {problem}"),)) from error
    if not isinstance(document.data, dict):
        raise ConfigError(source, (Mistake("", 1, "must be a mapping with the section cloudstack"),))
    present = {
        name: part for name, part in document.data.items() if part is not None or name not in Config.model_fields
    }
    return replace(document, data=present)  # a section with nothing in it is as good as none


def load_intervals(path: Path) -> Intervals:
    """Return the section ``intervals`` of a file alone: what else it says, and names, need not be there.

    Raises:
        ConfigError: the file cannot be read, or something in that section is wrong.
    """
    document = _read(_text(path), str(path))
    try:
        return Intervals.model_validate(document.data.get("intervals", {}))
    except ValidationError as error:
        wrong = [{**entry, "loc": ("intervals", *entry["loc"])} for entry in error.errors(include_url=False)]
        raise ConfigError(str(path), tuple(told(entry, document) for entry in wrong)) from error
