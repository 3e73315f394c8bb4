"""Label matchers, written as in Alertmanager."""

from __future__ import annotations

import re
from dataclasses import dataclass

SYNTAX = re.compile(r'\s*([a-z_][a-z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; regular expressions match the whole value."""

    label: str
    operator: str
    value: str

    def matches(self, value: str) -> bool:
        """Return whether a label's value fulfils the condition."""
        if self.operator in {"=", "!="}:
            return (value == self.value) == (self.operator == "=")
        return (re.fullmatch(self.value, value) is not None) == (self.operator == "=~")


def matcher(text: object) -> Matcher:
    """Return the matcher that ``text`` says.

    Raises:
        ValueError: it is not of the form ``label="value"`` or its regular expression is wrong.
    """
    if isinstance(text, Matcher):
        return text
    found = SYNTAX.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        message = 'must be a text like zone="a" or router=~"r-1.*" (operators =, !=, =~, !~)'
        raise ValueError(message)
    label, operator, quoted = found.groups()
    value = re.sub(r"\\(.)", r"\1", quoted) if operator in {"=", "!="} else quoted
    if operator in {"=~", "!~"}:
        try:
            re.compile(value)
        except re.error as error:
            message = f"is no regular expression: {error}"
            raise ValueError(message) from error
    return Matcher(label, operator, value)
