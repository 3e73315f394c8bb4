"""YAML with line numbers, and without PyYAML's silence about keys that stand twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: plain data, the line of each path, and what stood twice."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    repeated: tuple[tuple[Path, int], ...] = ()

    def line(self, path: Path) -> int:
        """Return the line of ``path`` or of the nearest path above it, counted from 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Return the document in ``text``.

    Raises:
        yaml.YAMLError: the text is no YAML, or holds something that is not plain data.
    """
    data = yaml.safe_load(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = list(_walk(root, ())) if root is not None else []
    lines: dict[Path, int] = {}
    repeated = []
    for path, line in found:
        if path in lines:
            repeated.append((path, line))
        lines[path] = line
    return Document(data, lines, tuple(repeated))


def _walk(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield the path and line of every key and item below ``node``; aliases are followed once."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), key.start_mark.line + 1
            yield from _walk(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*path, number), item.start_mark.line + 1
            yield from _walk(item, (*path, number))
