"""The filter table as iptables-save and ip6tables-save print it, cut down to what decides about machines."""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import UnreadableError

MACHINE = re.compile(r"(i-\d+-\d+|[rsv]-\d+)-[A-Za-z0-9_-]+", re.ASCII)
"""Chains that security_group.py makes for one machine: i-2-55-VM, i-2-55-VM-eg, i-2-55-def, r-4-VM."""
SPOOFED = re.compile(r"! --match-set (\S+) src")
BUILT_IN = frozenset({"ACCEPT", "DROP", "REJECT", "RETURN", "QUEUE", "NFQUEUE", "LOG", "MARK", "CT", "NFLOG", ""})
"""Targets that are no chains."""
ENDS = frozenset({"ACCEPT", "DROP", "REJECT", "RETURN"})
"""Targets after which no further rule of a chain is reached."""
STATES = frozenset({"--state", "--ctstate"})
"""Options of rules that are about new connections only, as those are that the user of a machine asked for."""
OPTIONS = {"-i": "bridge_in", "-o": "bridge_out", "--physdev-in": "port_in", "--physdev-out": "port_out"}
"""Options that name interfaces -> the attribute of a rule that keeps them."""
LONGEST_LINE = 16_384  # characters; shlex needs the square of a word's length
SILENT = frozenset({"physdev", "state", "conntrack", "comment"})
"""Matches whose options are all read, or that match everything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a chain that belongs to no machine.

    Names of interfaces may begin with ``!`` (any but this one) and end with ``+`` (any that begins so).

    Attributes:
        target: ACCEPT | DROP | ... or a chain; empty for a rule that only counts.
        bridge_in, bridge_out: -i and -o; port_in, port_out: --physdev-in and --physdev-out.
        is_bridged: False for rules about frames that are routed (! --physdev-is-bridged), else None or True.
        takes_new: False for rules about connections that exist already.
        words: every other condition as it was printed; empty when there is none.
    """

    target: str
    bridge_in: str = ""
    bridge_out: str = ""
    port_in: str = ""
    port_out: str = ""
    is_bridged: bool | None = None
    takes_new: bool = True
    words: str = ""

    def __str__(self) -> str:
        """Return the rule about as iptables-save prints it, without its chain."""
        names = (self.bridge_in, self.bridge_out, self.port_in, self.port_out)
        options = zip(OPTIONS, names, strict=True)
        parts = [f"! {key} {name[1:]}" if name.startswith("!") else f"{key} {name}" for key, name in options if name]
        return " ".join([*parts, *filter(None, [self.words]), *([f"-j {self.target}"] if self.target else [])])


@dataclass(frozen=True, slots=True)
class Default:
    """What the default chain of a machine does for one tap. All are empty where the rule is missing or not reached.

    Attributes:
        egress: where frames from the machine go on; ingress: where frames to it go on: a chain, or one of ENDS where a
            rule for every frame of the tap stands before the jump.
        bound: the set of addresses that the machine may send from.
    """

    egress: str = ""
    ingress: str = ""
    bound: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """The filter table of one family in one flavour.

    Attributes:
        flavour: nft | legacy.
        policy: of FORWARD.
        chains: rules of every chain that belongs to no machine.
        machines: chain of a machine -> targets, of ENDS, of its rules without any condition. The first one decides.
        defaults: (default chain, tap) -> what it does for that tap.
    """

    flavour: str
    policy: str = "ACCEPT"
    chains: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    machines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[tuple[str, str], Default] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Return whether security_group.py has written into it."""
        return any(name.startswith("BF-") for name in self.chains) or bool(self.machines)


@dataclass(slots=True)
class _Table:
    """A filter table while it is read; ``shared`` keeps equal rules of both families once."""

    shared: dict[Rule, Rule]
    policy: str = "ACCEPT"
    is_open: bool = False
    chains: dict[str, list[Rule]] = field(default_factory=dict)
    machines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: dict[tuple[str, str], Default] = field(default_factory=dict)

    def take(self, words: list[str]) -> bool:
        """Take one line; return whether it is one of a filter table."""
        match words:
            case ["*filter"] | ["COMMIT"]:
                self.is_open = words == ["*filter"]
            case [chain, policy, *_] if chain.startswith(":") and self.is_open:
                self._begin(chain[1:], policy)
            case ["-A", name, *rest] if name in self.machines:
                self._take_of_machine(name, rest)
            case ["-A", name, *rest] if name in self.chains:
                rule = read_rule(rest)
                self.chains[name].append(self.shared.setdefault(rule, rule))
            case _:
                return False
        return True

    def _begin(self, name: str, policy: str) -> None:
        if name == "FORWARD":
            self.policy = policy
        if MACHINE.fullmatch(name):
            self.machines.setdefault(name, ())
        else:
            self.chains.setdefault(name, [])

    def _take_of_machine(self, chain: str, words: list[str]) -> None:
        """Note what one rule of a machine's chain does: of the default chain per tap, else where it ends."""
        rule = read_rule(words)
        ends = rule.target in ENDS and _takes_all(rule) and STATES.isdisjoint(words)
        tap = rule.port_in or rule.port_out
        if ends and not tap:
            self.machines[chain] += (rule.target,)
        elif tap and chain.endswith("-def") and not self.machines[chain]:  # behind the end of a chain none is reached
            old = self.defaults.get((chain, tap), Default())
            self.defaults[chain, tap] = _led(old, rule, ends=ends)


def read_ruleset(flavour: str, lines: Iterable[str], shared: dict[Rule, Rule]) -> Ruleset:
    """Return one filter table; a table that the kernel does not have is printed as nothing at all."""
    table = _Table(shared)
    for line in lines:
        if line.startswith("#"):
            if "incompatible" in line:
                message = "the filter table holds rules that iptables cannot show"
                raise UnreadableError(message)
        elif not table.take(_words(line)):
            message = f"not a line of iptables-save: {line[:60]!r}"
            raise UnreadableError(message)
    if table.is_open or table.policy not in ("ACCEPT", "DROP"):
        message = "a filter table without end"
        raise UnreadableError(message)
    return Ruleset(
        flavour=flavour,
        policy=table.policy,
        chains=MappingProxyType({name: tuple(rules) for name, rules in table.chains.items()}),
        machines=MappingProxyType(table.machines),
        defaults=MappingProxyType(table.defaults),
    )


def _words(line: str) -> list[str]:
    if '"' not in line or line.startswith("#"):
        return line.split()
    with suppress(ValueError):
        if len(line) <= LONGEST_LINE:
            return shlex.split(line)
    message = f"not a line of iptables-save: {line[:60]!r}"
    raise UnreadableError(message)


def read_rule(words: list[str]) -> Rule:
    """Return the rule of ``-A <chain> <words>``."""
    fields: dict[str, str] = {}
    is_bridged: bool | None = None
    takes_new = True
    others: list[str] = []
    queue = deque(words)
    while queue:
        word = queue.popleft()
        negated = word == "!" and bool(queue)
        option = queue.popleft() if negated else word
        if option in OPTIONS:
            fields[OPTIONS[option]] = ("!" if negated else "") + _value(queue)
        elif option in ("--physdev-is-bridged", "--physdev-is-in", "--physdev-is-out"):
            is_bridged = not negated and is_bridged is not False
        elif option in ("--state", "--ctstate"):
            takes_new = ("NEW" in _value(queue).split(",")) != negated and takes_new
        elif option == "--comment" or (option == "-m" and queue and queue[0] in SILENT):
            _value(queue)
        elif option in {"-j", "-g"}:
            fields["target"] = _value(queue)
            queue.clear()  # what follows says how the target works: --reject-with, --log-prefix
        else:
            others += ["!", option] if negated else [option]
    target = fields.pop("target", "")
    return Rule(target, **fields, is_bridged=is_bridged, takes_new=takes_new, words=" ".join(others))


def _value(queue: deque[str]) -> str:
    if not queue:
        message = "an option without a value"
        raise UnreadableError(message)
    return queue.popleft()


def _takes_all(rule: Rule) -> bool:
    """Return whether a rule is for every bridged frame, of one tap when it names one."""
    is_narrow = rule.words or rule.bridge_in or rule.bridge_out or (rule.port_in and rule.port_out)
    return not is_narrow and rule.is_bridged is not False


def _led(old: Default, rule: Rule, *, ends: bool) -> Default:
    """Return what a default chain does for the tap that a rule names, after that rule too."""
    target = rule.target if ends or rule.target not in BUILT_IN else ""
    if not rule.port_in:
        return Default(old.egress, old.ingress or target, old.bound)
    found = SPOOFED.search(rule.words) if rule.target == "DROP" and old.egress not in ENDS else None
    return Default(old.egress or target, old.ingress, found[1] if found else old.bound)
