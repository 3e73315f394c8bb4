"""What the firewall of a virtual router lets in from its guests."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from exporter.model import Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE

EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the input chain that decides about new connections.

    Attributes:
        accepts: False for a rule that drops or rejects.
        device: empty for any.
        ports: empty for any.
        protocol: empty for any.
    """

    accepts: bool
    device: str = ""
    source: IPv4Network = EVERYWHERE
    destination: IPv4Network = EVERYWHERE
    protocol: str = ""
    ports: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class RouterFirewall:
    """The input chain: its plain rules in order, and what happens to the rest.

    Rules with conditions that CloudStack does not use are left out, as neither letting in nor keeping out.
    """

    accepts: bool
    rules: tuple[Rule, ...] = ()

    def admits(self, device: str, address: str, protocol: str, port: int) -> bool:
        """Return whether a guest on ``device`` may open ``port`` of the router's ``address``.

        A rule that names a source is taken when the router's own address is in that network.
        """
        here = IPv4Address(address)
        for rule in self.rules:
            if (
                rule.device in ("", device)
                and rule.protocol in ("", protocol)
                and (not rule.ports or port in rule.ports)
                and here in rule.source
                and here in rule.destination
            ):
                return rule.accepts
        return self.accepts


LONGEST_LINE = 16_384  # characters; shlex needs the square of a word's length


def read_firewall(text: str) -> RouterFirewall:
    """Return the input chain from lines of iptables-save or, in routed mode, of nft; ``none`` is no firewall."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(len(line) > LONGEST_LINE for line in lines):
        message = f"a line of more than {LONGEST_LINE} characters"
        raise UnreadableError(message)
    if lines == ["none"]:
        return RouterFirewall(accepts=True)
    policy = next((word for line in lines for word in re.findall(r"^:INPUT (ACCEPT|DROP)\b", line)), "")
    nft = next((word for line in lines for word in re.findall(r"^type filter hook input .*policy (\w+);", line)), "")
    try:
        if policy:
            found = [_iptables_rule(shlex.split(line)[2:]) for line in lines if line.startswith("-A INPUT ")]
            return RouterFirewall(policy == "ACCEPT", tuple(rule for rule in found if rule))
        if nft:
            found = [_nft_rule(line) for line in lines]
            return RouterFirewall(nft == "accept", tuple(rule for rule in found if rule))
    except (ValueError, AddressValueError, NetmaskValueError) as error:
        message = f"not a firewall rule: {error}"
        raise UnreadableError(message[:120]) from error
    message = f"no input chain in {text[:60]!r}"
    raise UnreadableError(message)


def _iptables_rule(words: list[str]) -> Rule | None:
    """Return the rule of ``-A INPUT`` words, or None when it does not decide about new connections."""
    options = {flag: value for flag, value in zip(words[::2], words[1::2], strict=False) if flag != "-m"}
    action, states = options.pop("-j", ""), options.pop("--state", "") + options.pop("--ctstate", "")
    ports = options.pop("--dport", "") or options.pop("--dports", "")
    rule = Rule(
        accepts=action == "ACCEPT",
        device=options.pop("-i", ""),
        source=IPv4Network(options.pop("-s", EVERYWHERE)),
        destination=IPv4Network(options.pop("-d", EVERYWHERE)),
        protocol=options.pop("-p", ""),
        ports=_ports(ports),
    )
    for harmless in ("--comment", "--reject-with"):
        options.pop(harmless, None)
    decides = action in ("ACCEPT", "DROP", "REJECT") and (not states or "NEW" in states.split(","))
    return rule if decides and not options else None


def _nft_rule(line: str) -> Rule | None:
    """Return the rule of one nft line, or None when it does not decide about new connections."""
    found = re.fullmatch(
        r'(?:iifname "(?P<device>[^"]+)" )?(?:ip saddr (?P<source>\S+) )?(?:ip daddr (?P<destination>\S+) )?'
        r"(?:(?P<protocol>tcp|udp) dport (?P<ports>\d+|\{ [\d, ]+ \}) )?(?:ct state (?P<states>[\w,]+) )?"
        r"(?:counter(?: packets \d+ bytes \d+)? )?(?P<action>accept|drop|reject)",
        line,
        re.ASCII,
    )
    if not found or (found["states"] and "new" not in found["states"].split(",")):
        return None
    return Rule(
        accepts=found["action"] == "accept",
        device=found["device"] or "",
        source=IPv4Network(found["source"] or EVERYWHERE),
        destination=IPv4Network(found["destination"] or EVERYWHERE),
        protocol=found["protocol"] or "",
        ports=_ports((found["ports"] or "").strip("{} ")),
    )


def _ports(text: str) -> frozenset[int]:
    """Return the ports of ``8080``, ``53,80`` or ``8080:8090``; empty text is any port."""
    ports: set[int] = set()
    for word in text.replace(" ", "").split(",") if text else ():
        first, _, last = word.partition(":")
        ports.update(range(int(first), min(int(last or first), 65535) + 1))
    return frozenset(ports)


ROUTER_FIREWALL = Question(
    name="router_firewall",
    via=Via.SYSTEM_VM,
    # In routed mode (4.20 and newer) iptables is empty and nftables has the rules in tables of CloudStack's own.
    text=r"""
known=127
rules=
if command -v iptables-save >/dev/null 2>&1; then
    known=0
    rules=$(iptables-save -t filter) || exit
    rules=$(printf '%s\n' "$rules" | grep -E '^(:INPUT|-A INPUT) ')
    case $rules in *'-A INPUT '*) printf '%s\n' "$rules"; exit 0 ;; esac
fi
if command -v nft >/dev/null 2>&1; then
    known=0
    routed=$(nft list ruleset) || exit
    routed=$(printf '%s\n' "$routed" | awk '
        $1 == "table" { ours = $2 == "ip" && $3 ~ /^ip4_(firewall|acl)$/; next }
        $1 == "chain" { inside = ours && $2 == "INPUT"; next }
        $1 == "}" { inside = 0 }
        inside { print }')
    [ -z "$routed" ] || rules=$routed
fi
[ "$known" -eq 0 ] || exit "$known"
printf '%s\n' "${rules:-none}"
""",
    read=read_firewall,
    privilege=PRIVILEGE,
    why="Whether guests get through to the password, metadata and name service; a probe on the router cannot tell.",
    seconds=4.0,
    size=262144,
)
