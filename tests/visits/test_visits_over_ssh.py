"""Visits over SSH: questions become one request, sections become answers or reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from exporter.cloud.objects import Host, Router, SystemVm
from exporter.cloud.targets import ConsoleProxyTarget, HostTarget, Machine, RouterTarget, XenHostTarget
from exporter.model import Failure, Ports, Question, Reason, SourceError, UnreadableError, Via
from exporter.sources.sections import Collected, Section
from exporter.sources.ssh import Hop, Request, Ssh
from exporter.visits import console_proxy, host, router, xen_host
from exporter.visits.ways import Ways

MACHINE = Machine("kvm1", "192.0.2.11")
HOST = HostTarget(
    Host(id="h", name="kvm1", type="Routing", state="Up", resource_state="Enabled", address="192.0.2.11", zone_id="z"),
    "zone",
    MACHINE,
)
ROUTER = RouterTarget(
    Router(id="r", name="r-4-VM", state="Running", zone_id="z", control_address="169.254.3.93"), "zone", MACHINE
)
PROXY_VM = SystemVm(
    id="v",
    name="v-2-VM",
    kind="consoleproxy",
    state="Running",
    agent_state="Up",
    zone_id="z",
    control_address="169.254.3.7",
    private_address="10.0.0.7",
)


def read_number(text: str) -> int:
    """Return the number, or say that it is none."""
    if not text.strip().isdecimal():
        message = f"not a number: {text!r}"
        raise UnreadableError(message)
    return int(text)


def question(name: str, **changes: Any) -> Question[Any]:
    """Return a question that reads a number."""
    whole: dict[str, Any] = {"via": Via.HOST, "text": "", "read": read_number, "privilege": "", "why": "", **changes}
    return Question(name=name, **whole)


A, B = question("a", size=100), question("b", seconds=5.0)


@dataclass
class Collecting:
    """Stands for the source: gives back what a test says, and remembers what it was asked."""

    collected: Collected = field(default_factory=Collected)
    asked: list[tuple[Machine, Request, float]] = field(default_factory=list)

    async def collect(self, machine: Machine, request: Request, *, seconds: float) -> Collected:
        """Remember the request."""
        self.asked.append((machine, request, seconds))
        return self.collected


def ways(source: Collecting | None) -> Ways:
    """Return ways with that source only."""
    return Ways(ssh=cast("Ssh | None", source), ports=Ports(system_vm_ssh=13922))


async def visited(
    sections: Mapping[str, Section], failure: Failure | None = None, *due: Question[Any]
) -> Mapping[Any, Any]:
    """Return the outcome of a visit to a host."""
    source = Collecting(Collected(sections, failure))
    return await host.visit(HOST, due or (A, B), ways(source), 60.0)


async def test_all_due_questions_travel_in_one_request() -> None:
    """With their sizes and parameters, to the machine, a little before the visit's own end."""
    source = Collecting(Collected({"a": Section("1", 0), "p": Section("2", 0)}))
    p = question("p", parameters=lambda target, ports: (target.host.address, f"10.0.0.1@{ports.password}"))
    assert await host.visit(HOST, (A, p), ways(source), 60.0) == {A: 1, p: 2}
    [(machine, request, seconds)] = source.asked
    assert machine == MACHINE
    assert [one.word for one in request.questions] == ["a", "p:192.0.2.11,10.0.0.1@8080"]
    assert [one.size for one in request.questions] == [100, 65536]
    assert request.hop is None
    assert seconds == 59.0


async def test_dom0_is_visited_itself() -> None:
    """As a KVM host, for what is asked of it; nothing where SSH is not configured."""
    source = Collecting(Collected({"a": Section("1", 0)}))
    target = XenHostTarget(HOST.host, "zone", MACHINE)
    assert await xen_host.visit(target, (A,), ways(source), 60.0) == {A: 1}
    [(machine, request, _)] = source.asked
    assert (machine, request.hop) == (MACHINE, None)
    assert (xen_host.is_lit(ways(source)), xen_host.is_lit(ways(None))) == (True, False)


@pytest.mark.parametrize(
    ("visit", "target", "hop"),
    [
        (router.visit, ROUTER, Hop("r-4-VM", "169.254.3.93", 13922)),
        (console_proxy.visit, ConsoleProxyTarget(PROXY_VM, "zone", MACHINE), Hop("v-2-VM", "169.254.3.7", 13922)),
        (
            console_proxy.visit,
            ConsoleProxyTarget(PROXY_VM, "zone", Machine("ms1", "192.0.2.2", "management")),
            Hop("v-2-VM", "10.0.0.7", 13922),
        ),
    ],
)
async def test_system_vms_are_visited_through_their_machine(visit: Any, target: Any, hop: Hop) -> None:
    """By name and control address; on VMware and Hyper-V by the private one."""
    source = Collecting(Collected({"a": Section("1", 0)}))
    assert await visit(target, (A,), ways(source), 60.0) == {A: 1}
    [(machine, request, _)] = source.asked
    assert (machine, request.hop) == (target.via, hop)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (Section("1", 0, cut=True), Reason.TOO_LARGE),
        (Section("1", 141, cut=True), Reason.TOO_LARGE),
        (Section("1", 124), Reason.TIMEOUT),
        (Section("", 137), Reason.TIMEOUT),
        (Section("", 129), Reason.TIMEOUT),
        (Section("sh: 1: ovs-vsctl: not found", 127), Reason.MISSING),
        (Section("", 126), Reason.MISSING),
        (Section("sh: 1: lldpcli: Permission denied", 127), Reason.PERMISSION),
        (Section("sh: 1: eval: tool: Permission denied", 126), Reason.PERMISSION),
        (Section("1\nnetlink: Error: cache initialization failed: Operation not permitted\n", 1), Reason.PERMISSION),
        (Section("Permission denied\n1", 7), Reason.FAILED),
        (Section("one\nsorry\n", 7), Reason.FAILED),
        (Section("many", 0), Reason.UNREADABLE),
        (Section("", 0), Reason.UNREADABLE),
    ],
)
async def test_a_section_that_is_no_answer_has_its_reason(section: Section, reason: Reason) -> None:
    """And costs no other question anything."""
    found = await visited({"a": section, "b": Section("2", 0)})
    assert found[A].reason is reason
    assert found[B] == 2


async def test_an_answer_may_hold_the_words_of_a_refusal() -> None:
    """It is the exit code that tells them apart."""
    words = question("words", read=str)
    assert (await visited({"words": Section("Permission denied\n", 0)}, None, words))[words] == "Permission denied\n"


async def test_the_detail_is_the_last_thing_a_failed_question_said() -> None:
    """One printable line."""
    found = await visited({"a": Section("one\n\x1b[31msorry\n\n", 7), "b": Section("2", 0)})
    assert found[A] == Failure(Reason.FAILED, "exit code 7: [31msorry")


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "nonsense", '{"x": []}'])
async def test_a_reader_that_stumbles_costs_its_own_answer(text: str) -> None:
    """Also over what is no UnreadableError."""
    stumbling = question("s", read=lambda text: json.loads(text)["x"][0])
    found = await visited({"s": Section(text, 0), "b": Section("2", 0)}, None, stumbling, B)
    assert found[stumbling].reason is Reason.UNREADABLE
    assert found[B] == 2


async def test_what_did_not_arrive_has_the_reason_of_the_rest() -> None:
    """Finished sections are answers all the same."""
    failure = Failure(Reason.TIMEOUT, "the machine did not end in time")
    assert await visited({"a": Section("1", 0)}, failure) == {A: 1, B: failure}
    found = await visited({"a": Section("1", 0)})
    assert found[B].reason is Reason.DISCONNECTED


async def test_without_any_section_the_whole_trip_has_failed() -> None:
    """So that the guard counts it."""
    with pytest.raises(SourceError) as raised:
        await visited({}, Failure(Reason.WRONG_MACHINE, "the machine at that address is r-5-VM"))
    assert (raised.value.reason, raised.value.detail) == (
        Reason.WRONG_MACHINE,
        "the machine at that address is r-5-VM",
    )


async def test_a_word_that_is_not_passed_on_costs_its_own_question() -> None:
    """CloudStack may tell an IPv6 address, or nothing, where IPv4 is needed."""
    bad = question("bad", parameters=lambda _target, _ports: ("10.0.0.1", "fe80::1"))
    found = await visited({"b": Section("2", 0)}, None, bad, B)
    assert found[bad].reason is Reason.NO_WAY
    assert found[B] == 2


async def test_without_a_machine_there_is_no_way() -> None:
    """CloudStack does not say on which host the router runs."""
    with pytest.raises(SourceError) as raised:
        await router.visit(RouterTarget(ROUTER.router, "zone", None), (A,), ways(Collecting()), 60.0)
    assert raised.value.reason is Reason.NO_WAY


async def test_without_ssh_nothing_is_asked() -> None:
    """Not configured is a reason of its own."""
    with pytest.raises(SourceError) as raised:
        await host.visit(HOST, (A,), ways(None), 60.0)
    assert raised.value.reason is Reason.NOT_CONFIGURED


def test_each_module_says_what_it_visits() -> None:
    """The app discovers them by it."""
    modules = {host: HostTarget, router: RouterTarget, console_proxy: ConsoleProxyTarget}
    assert all(module.TARGET is target for module, target in modules.items())
