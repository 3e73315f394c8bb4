"""What the maker of a template leaves in it: histories of shells and keys that let somebody in."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.files import Files
from exporter.lint.reading import has_content, lines, text
from exporter.lint.rule import About, Found, Rule, each

HISTORIES = (".bash_history", ".zsh_history", ".ash_history", ".sh_history", ".mysql_history", ".psql_history")
KEYS = (".ssh/authorized_keys", ".ssh/authorized_keys2")
HOMES = 50


async def _homes(files: Files) -> tuple[str, ...]:
    return ("/root", *(f"/home/{name}" for name in (await files.names("/home") or ())[:HOMES]))


async def histories(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield histories, never a line of them."""
    for home in await _homes(files):
        for name in HISTORIES:
            if await has_content(files, f"{home}/{name}"):
                yield Found(f"{home}/{name}", "commands that were typed, maybe with passwords")


async def keys(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield how many keys may log in, never which."""

    async def look(path: str) -> AsyncIterator[Found]:
        number = sum(1 for _ in lines(await text(files, path) or ""))
        if number:
            yield Found(path, f"{number} keys")

    paths = [f"{home}/{name}" for home in await _homes(files) for name in KEYS]
    async for found in each(paths, look):
        yield found


RULES = (
    Rule(
        name="shell_history",
        severity="medium",
        breaks="Every tenant can read what was typed when the template was made, passwords included.",
        remedy="Delete the histories as the last thing: unset HISTFILE; rm ~/.bash_history",
        judge=histories,
    ),
    Rule(
        name="authorized_keys",
        severity="medium",
        breaks="Whoever has one of these keys can log in to every guest of every tenant.",
        remedy="Delete the keys; CloudStack gives guests their own by cloud-init.",
        judge=keys,
    ),
)
