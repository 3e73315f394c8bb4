"""The example file and the JSON Schema, both made from the models so that they name every key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from exporter.config.models import Accept, Config, DatabaseConfig, SshConfig, TemplatesConfig

HEAD = """\
# cloudstack-network-exporter: every key with its default and what it is for.
# Only cloudstack.url and the two keys are needed; lines that begin with "#" name keys that have no default.
# Secrets never stand here: name a file, or give ${VARIABLE}. Relative paths count from this file's folder.
"""
SECTIONS: dict[str, type[BaseModel]] = {
    "ssh": SshConfig,
    "database": DatabaseConfig,
    "templates": TemplatesConfig,
    "accept": Accept,
}
"""Sections that are absent by default, with the model whose keys are shown."""
ACCEPT = {
    "metric": "cloudstack_network_console_proxy_certificate_valid",
    "matchers": ['zone="lab"', 'console_proxy=~"v-.*-VM"'],
    "reason": "self-signed on purpose",
    "until": "2027-03-31",
}


def example() -> str:
    """Return config/exporter.example.yml."""
    return HEAD + "\n".join(_section_lines()) + "\n"


def schema() -> str:
    """Return config/exporter.schema.json."""
    return json.dumps(Config.model_json_schema(), indent=2, sort_keys=True) + "\n"


def _section_lines() -> Iterator[str]:
    for name, field in Config.model_fields.items():
        yield f"\n{name}:  # {field.description}"
        if name == "accept":
            yield from _accept_lines()
            continue
        model = SECTIONS.get(name) or field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (f"  {line}" for line in _key_lines(model))


def _accept_lines() -> Iterator[str]:
    lead = "- "
    for key, field in Accept.model_fields.items():
        yield f"  {lead}{key}: {_flow(ACCEPT[key])}  # {field.description}"
        lead = "  "


def _key_lines(model: type[BaseModel]) -> Iterator[str]:
    for key, field in model.model_fields.items():
        value = _shown(field)
        mark = "" if value is not None else "# "
        yield f"{mark}{key}: {_flow(value) if value is not None else ''}  # {field.description}"


def _shown(field: FieldInfo) -> Any:
    """Return the example or the default of a field, None when it has neither."""
    if field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=False)
    return None if field.is_required() else default


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(f"'{item}'" for item in value) + "]"
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
