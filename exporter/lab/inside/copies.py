"""Copied routers and hosts: the true answers of a model, with the names and addresses of the copy in them.

A thousand machines cannot each run the collector on two cores. So what a copy is asked is put to its model,
a machine of the same shape that really runs it, and the answer is told in the copy's own words. Nothing here
knows any question: only names, addresses and ids are exchanged, in whatever text they stand. A model of hosts
leaves its counters as count and growth (see files/counted.sh); each copy counts for itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.lab.inside.host_firewall import link_local
from exporter.lab.world import machines
from exporter.lab.world.machines import Machine
from exporter.lab.world.racking import bare
from exporter.lab.world.scale import MODEL_HOST
from exporter.lab.world.world import Host, Instance, Router, World, identity

PLACE = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])")
"""An address among the words of a command line."""


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
        yield instance.nic.mac


def written_out(router: Router) -> Iterator[str]:
    """Yield the addresses of its gateways as they stand in the middle of a DNS answer in hexadecimal digits."""
    for network in router.networks:
        yield "".join(f"{int(part):02x}" for part in network.gateway.split("."))


@dataclass(frozen=True, slots=True)
class Exchange:
    """Replaces every word of one list by its partner in another, in one pass."""

    pattern: re.Pattern[str]
    partner: dict[str, str]

    @classmethod
    def between(cls, ours: list[str], theirs: list[str], inner: dict[str, str]) -> Exchange:
        """Return what turns ``ours`` into ``theirs``; a word never matches inside a longer one, but ``inner`` do."""
        words = sorted(set(ours), key=len, reverse=True)
        union = "|".join(re.escape(word) for word in words)
        pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{union})(?![A-Za-z-])|{'|'.join(inner)}")
        return cls(pattern, {**dict(zip(ours, theirs, strict=True)), **inner})

    def __call__(self, text: str) -> str:
        """Return ``text`` with every word exchanged."""
        return self.pattern.sub(lambda found: self.partner[found[0]], text)


def host_tokens(host: Host, plugged: list[Machine]) -> Iterator[str]:
    """Yield what is a host's own and its machines': names, ids, MACs, VLANs; in the same order for a shape."""
    yield host.name
    yield identity("guid", host.name)
    yield identity("cluster", host.cluster)
    for nic in bare(host, host.number).nics:
        yield nic.mac
        yield nic.switch_port
    for machine in plugged:
        yield machine.name.split("-")[-2]
        for plug in machine.plugs:
            yield plug.mac[3:]  # a tap has the same, but for the first octet
            yield plug.address
            yield link_local(plug.mac)
            yield str(plug.vlan)


class Told:
    """The answer of a model of hosts, cut where copies differ from it."""

    def __init__(self, text: str, words: list[str]) -> None:
        union = "|".join(re.escape(word) for word in sorted(set(words) - {"None"}, key=len, reverse=True)) or "(?!)"
        self._parts = re.split(rf"(?<![0-9A-Za-z])({union})(?![0-9A-Za-z])|~(\d+\+\d+)~", text)
        self._words = words

    def told(self, words: list[str], elapsed: int) -> str:
        """Return the answer in another host's words; counters as they are after ``elapsed`` seconds."""
        partner = dict(zip(self._words, words, strict=True))
        return "".join(self._pieces(partner, elapsed))

    def _pieces(self, partner: dict[str, str], elapsed: int) -> Iterator[str]:
        """Yield plain text, words and counters, which stand in turn."""
        parts = iter(self._parts)
        for plain in parts:
            yield plain
            word, counter = next(parts, None), next(parts, None)
            if word is not None:
                yield partner[word]
            elif counter is not None:
                start, _, growth = counter.partition("+")
                yield str(int(start) + int(growth) * elapsed)


class Copies:
    """Finds the copied router or host that a command line is about."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._copies = {(one.host.name, one.control): one for one in world.routers if one.model}
        self._exchanges: dict[str, tuple[Exchange, Exchange]] = {}
        self._models = {one.model: one for one in world.models}
        self._hosts = {hidden.hosts[0].name: hidden for hidden in world.host_models}
        self._copied = {host.address for host in world.hosts if host.model}
        self._true = [host.address for host in world.hosts if not host.model]
        self._cut: dict[tuple[bytes, tuple[str, ...]], Told] = {}
        self._routers: defaultdict[str, list[Router]] = defaultdict(list)
        for one in world.routers:
            self._routers[one.host.name].append(one)
        self._instances: defaultdict[str, list[Instance]] = defaultdict(list)
        for guest in world.instances:
            if isinstance(guest.host, Host) and guest.host.model:
                self._instances[guest.host.name].append(guest)

    def about(self, host: Host, words: list[str]) -> Router | None:
        """Return the copy on ``host`` whose control address is among the words, or None."""
        for word in words:
            found = self._copies.get((host.name, word.partition("@")[0]))
            if found:
                return found
        return None

    def exchanges(self, host: Host, copy: Router) -> tuple[Exchange, Exchange]:
        """Return what turns the words of a copied router into the model's, and back."""
        if copy.name not in self._exchanges:
            ours = [host.name, *tokens(self._world, copy)]
            model = self._models[copy.model]
            theirs = [MODEL_HOST, *tokens(self._world, model)]
            inner = dict(zip(written_out(copy), written_out(model), strict=True))
            back = Exchange.between(theirs, ours, {theirs: ours for ours, theirs in inner.items()})
            self._exchanges[copy.name] = Exchange.between(ours, theirs, inner), back
        return self._exchanges[copy.name]

    def stand_ins(self, host: Host, words: list[str]) -> dict[str, str]:
        """Return a true host's address for each copied one that a copied host is to dial: its model dials that."""
        if not host.model:
            return {}
        dialled = dict.fromkeys(place for word in words for place in PLACE.findall(word) if place in self._copied)
        return dict(zip(dialled, self._true, strict=False))

    def host_answer(self, host: Host, answer: bytes, elapsed: int, places: dict[str, str]) -> str:
        """Return the answer of a copied host's model in the copy's words; a host that is no copy has its own.

        ``places`` are the stand-ins of what it dialled.
        """
        key = (answer, tuple(places.values()))
        if key not in self._cut:
            words: list[str] = []
            if host.model:
                hidden = self._hosts[host.model]
                words = list(host_tokens(hidden.hosts[0], _alike(hidden.routers, hidden.instances)))
            self._cut[key] = Told(answer.decode(errors="surrogateescape"), [*words, *places.values()])
        if not host.model:
            return self._cut[key].told([], elapsed)
        ours = host_tokens(host, _alike(self._routers[host.name], self._instances[host.name]))
        return self._cut[key].told([*ours, *places], elapsed)


def _alike(routers: list[Router], instances: list[Instance]) -> list[Machine]:
    return [*map(machines.router, routers), *map(machines.instance, instances)]
