"""HTML that is escaped because of how it is made: text is text unless an element was made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from exporter.page import printable

_VOID = {"link", "meta", "br"}
_TEXT_LENGTH = 2000  # characters: longer than anything we say ourselves


@dataclass(frozen=True, slots=True)
class Html:
    """Finished markup. Only ``element`` and ``document`` make it."""

    markup: str


Child = Html | str | int | Iterable["Child"] | None


def element(tag: str, *children: Child, **attributes: str | bool) -> Html:
    """Return an element; text children and attribute values are escaped.

    Attribute names have ``-`` for ``_`` and lose one at the end (``class_``); False and "" leave the attribute out.
    """
    names = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    written = "".join(f" {name}" if value is True else f' {name}="{_safe(value)}"' for name, value in names if value)
    inner = "".join(_inner(children))
    return Html(f"<{tag}{written}>" if tag in _VOID else f"<{tag}{written}>{inner}</{tag}>")


def document(html: Html) -> str:
    """Return a whole document whose root element is ``html``."""
    return f"<!doctype html>\n{html.markup}\n"


def _inner(child: Child) -> Iterable[str]:
    """Yield the markup of a child; nothing for None."""
    if isinstance(child, Html):
        yield child.markup
    elif isinstance(child, str | int):
        yield _safe(str(child))
    elif child is not None:
        for one in child:
            yield from _inner(one)


def _safe(text: str) -> str:
    return escape(printable(text, _TEXT_LENGTH))
