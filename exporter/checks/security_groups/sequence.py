"""What the rule log of a machine says against libvirt, and against CloudStack where its number is known."""

from __future__ import annotations

from exporter.questions.hosts.firewall import FIELDS, RuleLog


def difference(log: RuleLog | None, domain: int, expected: int | None = None) -> str:
    """Return what is wrong with the rule log of a machine, in words; empty when nothing is.

    ``domain`` is libvirt's number for the present run. ``expected`` is the sequence that CloudStack's database has
    (nwgrp work), None when nobody has looked: then the sequence alone is never wrong.
    """
    if log is None or log.fields != FIELDS:
        return _malformed(log)
    if log.sequence is None:
        return "a rule log without a sequence number"
    if log.domain != domain:
        return f"a rule log of domain {log.domain}, now it is {domain}"
    if expected is not None and log.sequence != expected:
        return f"rules of sequence {log.sequence}, CloudStack has {expected}"
    return ""


def _malformed(log: RuleLog | None) -> str:
    if log is None:
        return "no rule log"
    if log.fields == 0:
        return "an empty rule log"
    return f"a rule log of {log.fields} fields, which cuts the agent's report off"
