"""The files that a configuration names: paths made absolute, secrets read, CA certificates tried."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from exporter.config.mistakes import Mistake
from exporter.config.yamlfile import Document

SECRETS = (
    ("cloudstack", "api_key"),
    ("cloudstack", "secret_key"),
    ("ssh", "key_passphrase"),
    ("database", "password"),
)
"""The named secret fields: each may be ``${VARIABLE}``, or be read from ``<name>_file``."""
CERTIFICATES = tuple((section, "ca_file") for section in ("cloudstack", "database", "console"))


def resolved(document: Document, environment: Mapping[str, str], folder: Path) -> tuple[dict[str, Any], list[Mistake]]:
    """Return the data with secrets read and paths made absolute, and what went wrong."""
    data = {name: _absolute(part, folder) if isinstance(part, dict) else part for name, part in document.data.items()}
    empty = [
        (name, key)
        for name, part in document.data.items()
        if isinstance(part, dict)
        for key, value in part.items()
        if _is_path(key) and value == ""
    ]
    mistakes = [_mistake(document, *place, "is empty: name it, or leave the key out") for place in empty]
    for name, field in SECRETS:
        section = data.get(name)
        if isinstance(section, dict) and (name, f"{field}_file") not in empty:
            mistakes += _fill(document, section, (name, field), environment)
    for name, key in CERTIFICATES:
        section = data.get(name)
        if isinstance(section, dict) and isinstance(section.get(key), str) and (name, key) not in empty:
            mistakes += [_mistake(document, name, key, why) for why in _unusable(Path(section[key]))]
    return data, mistakes


def _mistake(document: Document, name: str, key: str, message: str) -> Mistake:
    return Mistake(f"{name}.{key}", document.line((name, key)), message)


def _is_path(key: object) -> bool:
    return str(key).endswith("_file") or key == "directory"


def _absolute(section: dict[Any, Any], folder: Path) -> dict[Any, Any]:
    return {
        key: str(folder / value) if _is_path(key) and isinstance(value, str) else value
        for key, value in section.items()
    }


def _fill(
    document: Document, section: dict[str, Any], place: tuple[str, str], environment: Mapping[str, str]
) -> Iterator[Mistake]:
    """Replace ``${VARIABLE}`` or read ``<field>_file`` into ``field``; yield what went wrong."""
    name, field = place
    value, file = section.get(field), section.get(f"{field}_file")
    if value is not None and file is not None:
        return  # the model refuses the two together
    try:
        if isinstance(file, str):
            section[field] = SecretStr(_from_file(Path(file)))
            del section[f"{field}_file"]
        elif value is not None:
            section[field] = SecretStr(_from_environment(value, environment))
    except ValueError as error:
        yield _mistake(document, name, field if value is not None else f"{field}_file", str(error))


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
    """Return the secret in a file; no message repeats the path, which may be a secret in the wrong place."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'it is no text'}"
        raise ValueError(message) from error
    if not secret or "\n" in secret:
        message = "must hold the secret alone, on one line"
        raise ValueError(message)
    return secret


def _unusable(path: Path) -> Iterator[str]:
    """Yield why a file cannot be used as CA certificates."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        yield f"{path} holds no CA certificates: they are needed in PEM form, or leave the key out"
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        yield f"{path} cannot be read: {why}: put CA certificates (PEM) there, or leave the key out"
