"""Where a frame goes in the FORWARD chain: whether it passes the rules of its machine before anybody accepts it.

The frame stands for a stranger's: it begins a connection, and no rule about protocols, ports or addresses is
taken to fit it. So what is found open is open to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.questions.hosts.firewall_chains import Rule, Ruleset

DEEPEST = 16
MOST_STEPS = 4_000


@dataclass(frozen=True, slots=True)
class Frame:
    """A bridged frame. ``is_ingress`` is whether ``port_out`` is the machine's tap, else ``port_in`` is."""

    bridge: str
    port_in: str
    port_out: str
    is_ingress: bool


@dataclass(frozen=True, slots=True)
class Path:
    """How far a frame came.

    Attributes:
        passed: the first chain of a machine on its way, empty when there was none.
        is_accepted: where it ended; for a frame to a machine only without its chain, which decides itself.
        above: rules outside of the agent's chains that accept such frames before any machine's chain, also those
            that only accept some of them.
    """

    passed: str
    is_accepted: bool
    above: tuple[Rule, ...]


@dataclass(slots=True)
class _Trail:
    passed: str = ""
    above: list[Rule] = field(default_factory=list)
    left: int = MOST_STEPS


class Walk:
    """Leads frames through one ruleset; finds the rules of a chain by the interfaces that they name."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._sorted: dict[str, dict[str, list[tuple[int, Rule]]]] = {}

    def path(self, frame: Frame) -> Path | None:
        """Return the way of a frame; None when the rules are too tangled to follow."""
        trail = _Trail()
        verdict = self._chain("FORWARD", frame, trail, 0)
        if trail.left <= 0:
            return None
        return Path(trail.passed, (verdict or self.ruleset.policy) == "ACCEPT", tuple(trail.above))

    def _chain(self, name: str, frame: Frame, trail: _Trail, depth: int) -> str:
        """Return ACCEPT or DROP, or nothing when the frame comes back."""
        for rule in self._rules(name, frame):
            trail.left -= 1
            if trail.left <= 0:
                return "DROP"
            verdict = self._rule(name, rule, frame, trail, depth) if fits(rule, frame) else ""
            if verdict:
                return "" if verdict == "RETURN" else verdict
        return ""

    def _rule(self, chain: str, rule: Rule, frame: Frame, trail: _Trail, depth: int) -> str:
        if rule.target in self.ruleset.machines and not rule.words:
            trail.passed = trail.passed or rule.target
            return "ACCEPT" if frame.is_ingress else ""
        if rule.target in self.ruleset.chains and depth < DEEPEST:
            return self._jump(rule, frame, trail, depth + 1)
        if rule.target == "ACCEPT" and not (trail.passed or chain.startswith("BF-")):
            trail.above.append(rule)
        verdict = VERDICTS.get(rule.target, "")
        return "" if rule.words else verdict

    def _jump(self, rule: Rule, frame: Frame, trail: _Trail, depth: int) -> str:
        """Follow a jump; when only some frames take it, note that they may be accepted there, and go on."""
        if not rule.words:
            return self._chain(rule.target, frame, trail, depth)
        aside = _Trail(left=trail.left)
        self._chain(rule.target, frame, aside, depth)
        trail.left = aside.left
        if not trail.passed:
            trail.above += [rule] if aside.above else []
        return ""

    def _rules(self, name: str, frame: Frame) -> Iterable[Rule]:
        """Return the rules of a chain that may fit, in their order."""
        by_interface = self._sorted.get(name)
        if by_interface is None:
            rules = (rule for rule in self.ruleset.chains.get(name, ()) if self._decides(rule))
            by_interface = self._sorted[name] = _by_interface(rules)
        keys = {"", frame.bridge, frame.port_in, frame.port_out}
        found = [pair for key in keys for pair in by_interface.get(key, ())]
        return [rule for _, rule in sorted(found, key=lambda pair: pair[0])]

    def _decides(self, rule: Rule) -> bool:
        """Return whether a rule can end or lead on a stranger's frame; lists of blocked addresses have thousands."""
        return not rule.words or rule.target == "ACCEPT" or rule.target in self.ruleset.chains


VERDICTS = {"ACCEPT": "ACCEPT", "DROP": "DROP", "REJECT": "DROP", "RETURN": "RETURN"}


def _by_interface(rules: Iterable[Rule]) -> dict[str, list[tuple[int, Rule]]]:
    """Return the rules by one interface that they need exactly, those without such a one under the empty name."""
    found: defaultdict[str, list[tuple[int, Rule]]] = defaultdict(list)
    for place, rule in enumerate(rules):
        names = (rule.port_out, rule.port_in, rule.bridge_out, rule.bridge_in)
        exact = (name for name in names if name and name[0] != "!" and name[-1] != "+")
        found[next(exact, "")].append((place, rule))
    return dict(found)


def fits(rule: Rule, frame: Frame) -> bool:
    """Return whether the rule's interfaces and state fit the frame."""
    return (
        rule.takes_new
        and rule.is_bridged is not False
        and is_named(rule.bridge_in, frame.bridge)
        and is_named(rule.bridge_out, frame.bridge)
        and is_named(rule.port_in, frame.port_in)
        and is_named(rule.port_out, frame.port_out)
    )


def is_named(pattern: str, name: str) -> bool:
    """Return whether an interface fits a name as iptables prints it: empty, eth0, eth+ or with ``!`` before it."""
    if not pattern:
        return True
    if pattern[0] == "!":
        return not is_named(pattern[1:], name)
    return name.startswith(pattern[:-1]) if pattern[-1] == "+" else name == pattern
