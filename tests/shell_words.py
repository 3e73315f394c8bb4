"""Takes a shell text, POSIX with some of bash, apart into the simple commands that it may run, and what it redirects.

It knows the part of the language that the texts of questions use, and refuses the rest. What is inside
``$(...)`` counts; what is inside quotes is data, unless it is the text given to ``sh -c`` or ``bash -c``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

OPENING = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{", "!"})
CLOSING = frozenset({"fi", "done", "}", "esac"})
OPERATORS = ("&&", "||", ";;", ";", "&", "|", "\n", "(", ")")
REDIRECTION = re.compile(r"(?:\d*|\{\w+\})(<>|>>|>&|<&|>|<)[ \t]*")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^\]]*\])?\+?=")
PROCESS = "<("
"""Process substitution of bash: what is inside runs as in ``$(``."""


@dataclass
class Script:
    """What was found, in the order of the text.

    Attributes:
        commands: each as its words, quotes and expansions as they are written.
        redirections: operator and target.
        functions: names that the text itself defines.
    """

    commands: list[list[str]] = field(default_factory=list)
    redirections: list[tuple[str, str]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)


def taken_apart(text: str) -> Script:
    """Return what is in a text.

    Raises:
        ValueError: something of the shell's language that this does not know.
    """
    found = Script()
    _Scan(text.replace("\\\n", ""), found).run()
    for command in tuple(found.commands):
        for shell, option, given in zip(command, command[1:], command[2:], strict=False):
            if shell in {"sh", "bash"} and option == "-c":
                inner = taken_apart(_inner_text(text, given))
                found.commands += inner.commands
                found.redirections += inner.redirections
    return found


def _inner_text(text: str, given: str) -> str:
    """Return the text given to a shell inside: a word in single quotes, or a variable that holds one."""
    if variable := re.fullmatch(r'"\$(\w+)"', given):
        assigned = re.findall(rf"^\s*{variable[1]}=('[^']*')", text, re.MULTILINE)
        given = assigned[0] if len(assigned) == 1 else ""
    if not re.fullmatch(r"'[^']*'", given):
        message = f"a shell is given what is not known: {given[:40]!r}"
        raise ValueError(message)
    return given[1:-1]


class _Scan:
    """One pass over a text, or over the inside of a ``$(``, which ends with its parenthesis."""

    def __init__(self, text: str, found: Script, at: int = 0, *, inner: bool = False) -> None:
        self.text, self.found, self.at, self.inner = text, found, at, inner
        self.words: list[str] = []
        self.cases: list[str] = []  # "pattern" or "body" of each case that is open
        self.depth = 0
        self.is_list = False  # the words of for ... in, or between case and in

    def run(self) -> int:
        """Scan to the end and return where that is."""
        while self.at < len(self.text):
            if self._step():
                return self.at
        self._end()
        return self.at

    def _step(self) -> bool:
        text, at = self.text, self.at
        if text[at] in " \t":
            self.at += 1
        elif text[at] == "#":
            self.at = _until(text, "\n", at)
        elif text.startswith(PROCESS, at):
            self._take(self._word())
        elif redirection := REDIRECTION.match(text, at):
            self.at = redirection.end()
            self.found.redirections.append((redirection[1], self._word()))
        else:
            operator = next((one for one in OPERATORS if text.startswith(one, at)), "")
            if operator:
                self.at += len(operator)
                return self._operator(operator)
            self._take(self._word())
        return False

    def _operator(self, operator: str) -> bool:
        in_pattern = bool(self.cases) and self.cases[-1] == "pattern" and not self.is_list
        if operator == "(" and self.words and self.text.startswith(")", self.at):
            self.found.functions.add(self.words.pop())
            self.at += 1
        elif in_pattern:
            self.words.clear()
            if operator == ")":
                self.cases[-1] = "body"
        elif operator == ")":
            self._end()
            self.depth -= 1
            return self.inner and self.depth < 0
        else:
            self._end()
            self.depth += operator == "("
            if operator == ";;":
                self.cases[-1] = "pattern"
        return False

    def _take(self, word: str) -> None:
        """Take a word: a keyword where a command may begin, else a part of the command."""
        if self.is_list:
            if word in {"do", "in"} and (word == "do" or self.cases):
                self.is_list = False
            return
        if self.words:
            self.words.append(word)
        elif word == "esac":
            self.cases.pop()
        elif word in {"for", "case"}:
            self.is_list = True
            if word == "case":
                self.cases.append("pattern")
        elif word not in OPENING | CLOSING and not ASSIGNMENT.match(word):
            self.words.append(word)

    def _end(self) -> None:
        if self.is_list:
            return
        if self.words:
            self.found.commands.append(self.words)
        self.words = []

    def _word(self) -> str:
        """Return the word that begins here; what it runs is found as well."""
        begin = self.at
        if self.text.startswith(PROCESS, begin):
            self.at = _Scan(self.text, self.found, begin + len(PROCESS), inner=True).run()
        while self.at < len(self.text) and self.text[self.at] not in " \t\n;&|()<>":
            self._part()
        if self.text.startswith("(", self.at) and ASSIGNMENT.fullmatch(self.text[begin : self.at]):
            while self.text[self.at] != ")":  # the members of an array of bash
                self._part()
            self.at += 1
        if self.at == begin:
            message = f"no word where one must be: {self.text[begin : begin + 40]!r}"
            raise ValueError(message)
        return self.text[begin : self.at]

    def _part(self) -> None:
        """Pass one character, or one quoted or expanded part."""
        text, at = self.text, self.at
        if text[at] == "`":
            message = "a command in backquotes"
            raise ValueError(message)
        if text[at] == "\\":
            self.at += 2
        elif text[at] == "'":
            self.at = _until(text, "'", at + 1) + 1
        elif text[at] == '"':
            self.at += 1
            while self.text[self.at] != '"':
                self._expansion()
            self.at += 1
        else:
            self._expansion()

    def _expansion(self) -> None:
        """Pass ``$(...)``, ``$((...))``, ``${...}``, an escaped character, or a plain one."""
        text, at = self.text, self.at
        if text.startswith("$((", at):
            self.at = _until(text, "))", at) + 2
        elif text.startswith("$(", at):
            self.at = _Scan(text, self.found, at + 2, inner=True).run()
        elif text.startswith("${", at):
            self.at += 2
            while self.text[self.at] != "}":
                self._part()
            self.at += 1
        else:
            self.at += 2 if text[at] == "\\" else 1


def _until(text: str, end: str, at: int) -> int:
    """Return where ``end`` is next."""
    found = text.find(end, at)
    if found < 0:
        if end == "\n":
            return len(text)
        message = f"{end!r} is missing"
        raise ValueError(message)
    return found
