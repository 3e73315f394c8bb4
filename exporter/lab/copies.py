"""Copied routers: the true answers of a model, with the names and addresses of the copy in them.

A thousand routers cannot each run the collector on two cores. So what a copy is asked is put to its model,
a router of the same shape that really runs it, and the answer is told in the copy's own words. Nothing here
knows any question: only names, addresses and ids are exchanged, in whatever text they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.lab.build import MODEL_HOST
from exporter.lab.world import Host, Router, World


def tokens(world: World, router: Router) -> Iterator[str]:
    """Yield what is a router's own: names, addresses, ids; in the same order for every router of a shape."""
    yield router.name
    yield router.control
    for network in router.networks:
        yield network.prefix
        yield network.domain
    for nic in router.nics:
        yield nic.mac
        if nic.kind == "Public":
            yield nic.address
    for instance in world.served(router):
        yield instance.id
        yield instance.name


@dataclass(frozen=True, slots=True)
class Exchange:
    """Replaces every word of one list by its partner in another, in one pass."""

    pattern: re.Pattern[str]
    partner: dict[str, str]

    @classmethod
    def between(cls, ours: list[str], theirs: list[str]) -> Exchange:
        """Return what turns ``ours`` into ``theirs``; a word never matches inside a longer one."""
        words = sorted(set(ours), key=len, reverse=True)
        union = "|".join(re.escape(word) for word in words)
        return cls(re.compile(rf"(?<![A-Za-z0-9])(?:{union})(?![A-Za-z-])"), dict(zip(ours, theirs, strict=True)))

    def __call__(self, text: str) -> str:
        """Return ``text`` with every word exchanged."""
        return self.pattern.sub(lambda found: self.partner[found[0]], text)


class Copies:
    """Finds the copied router that a command line is about."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._copies = {(one.host.name, one.control): one for one in world.routers if one.model}
        self._exchanges: dict[tuple[str, str], tuple[Exchange, Exchange]] = {}
        self._models = {one.model: one for one in world.models}

    def about(self, host: Host, words: list[str]) -> Router | None:
        """Return the copy on ``host`` whose control address is among the words, or None."""
        for word in words:
            found = self._copies.get((host.name, word.partition("@")[0]))
            if found:
                return found
        return None

    def exchanges(self, host: Host, copy: Router | None) -> tuple[Exchange, Exchange]:
        """Return what turns the words of a copied router, or of a copied host, into the model's, and back."""
        name = (host.name, copy.name if copy else "")
        if name not in self._exchanges:
            ours, theirs = [host.name], [MODEL_HOST]
            if copy:
                ours += tokens(self._world, copy)
                theirs += tokens(self._world, self._models[copy.model])
            self._exchanges[name] = Exchange.between(ours, theirs), Exchange.between(theirs, ours)
        return self._exchanges[name]
