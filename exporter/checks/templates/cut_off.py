"""Guests that the way of their host makes silent, and not their template or router: host and VLAN come first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Question
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.guest_states import Guest, State
from exporter.topology.hearing import IN_VAIN, hearing

ASKED: tuple[Question[Any], ...] = (LINKS, AGENT, OVS_DATABASE)
"""What hosts tell of their ways."""


def not_cut_off(known: Iterable[Guest], hosts: Mapping[HostTarget, Answers], cloud: Cloud) -> Iterator[Guest]:
    """Yield the guests that speak for or against their template and router.

    Not the silent ones whose host sends in the VLAN of their network and hears nobody there, unless their router is on
    the same host: then no switch is between them.
    """
    by_id = {target.host.id: target for target in hosts}
    is_in_vain: dict[tuple[str, str], bool] = {}
    for guest in known:
        host_id = guest.instance.host_id
        if guest.state is not State.SILENT or (guest.router and guest.router.target.router.host_id == host_id):
            yield guest
            continue
        cell, target = (host_id, guest.network.id), by_id.get(host_id)
        if cell not in is_in_vain:
            answers = hosts[target] if target else None
            is_in_vain[cell] = hearing(guest.network, target, answers, cloud) in IN_VAIN
        if not is_in_vain[cell]:
            yield guest
