"""What is looked for in the database: each kind of inconsistency with its name, how it should be, and what to do.

Names are those of the questions and never change: operators mute by them. ``D..`` is the number in the documents.
Severity: what breaks networks or keeps tenants apart is an inconsistency; what lies around and harms little by itself
(leaked addresses of system VMs, agents and work of what is gone, locks that a living server holds) is a leftover.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.model import Answers, Question
from exporter.questions.database.addresses import (
    ADDRESS_IN_REMOVED_NETWORK,
    ADDRESS_OF_REMOVED_RANGE,
    ALLOCATED_TO_NOTHING,
    CONTROL_ADDRESS_LEAKED,
    FREE_WITH_OWNER,
    MANAGEMENT_ADDRESS_LEAKED,
    RANGE_OF_REMOVED_NETWORK,
)
from exporter.questions.database.found import Found
from exporter.questions.database.hosts import (
    AGENT_WITHOUT_VM,
    HA_WORK_STUCK,
    HOST_ADDRESS_TWICE,
    HOST_IN_REMOVED_PLACE,
    HOST_OF_DEAD_SERVER,
    LOCK_HELD_LONG,
    LOCK_OF_DEAD_SERVER,
    VM_WITHOUT_HOST,
    VM_WORK_STUCK,
)
from exporter.questions.database.nics import (
    ADDRESS_TWICE,
    MAC_TWICE,
    NIC_IN_REMOVED_NETWORK,
    NIC_OF_REMOVED_VM,
    NIC_OTHER_VLAN,
    NIC_WITHOUT_PUBLIC_ADDRESS,
)
from exporter.questions.database.pools import VLAN_RANGE_DIFFERS, VLAN_RANGE_SIZE_DIFFERS
from exporter.questions.database.ranges import RANGES_OVERLAP
from exporter.questions.database.vlans import (
    DEDICATED_TO_NOBODY,
    NETWORK_HALF_DESTROYED,
    NETWORK_ON_NO_PHYSICAL_NETWORK,
    PUBLIC_VLAN_IN_POOL,
    PUBLIC_VLAN_TAKEN,
    TRAFFIC_TYPE_MISSING,
    TRAFFIC_TYPE_TWICE,
    VLAN_LEAKED,
    VLAN_NOT_DEDICATED,
    VLAN_NOT_TAKEN,
    VLAN_ON_ONE_BRIDGE,
    VLAN_SHARED,
)
from exporter.thresholds import DATABASE_LASTING_SECONDS, DATABASE_LASTING_SOON_SECONDS

EXAMPLES = 10
LONGEST_NAME, LONGEST_WORDS = 80, 90  # characters of one example
EARLY = "in two looks only {:.0f} s apart, an operation may be running; "
"""Said by the command ``check``, which looks twice at once."""
REMEMBERED = 100
"""Rows of a kind that are remembered one by one: operations in passing are never as many, and memory is bounded."""
ASK = "Do not edit the database: ask whoever supports CloudStack, with these rows and a dump taken before."

FoundQuestion = Question[tuple[Found, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of inconsistency.

    Attributes:
        facts: its number in the documents.
        healthy: how it should be.
        remedy: what to do, by the API or by asking somebody; never by hand in the tables.
        is_isolation: tenants share a network or an address, or will after the next start: mended first.
        lasting: seconds for which a row must have been found in every round.
    """

    question: FoundQuestion
    facts: str
    healthy: str
    remedy: str = ASK
    is_isolation: bool = False
    lasting: float = DATABASE_LASTING_SECONDS

    @property
    def expected(self) -> str:
        """Return how it should be, and what is at stake."""
        return f"none: {self.healthy}{'; tenants may meet' if self.is_isolation else ''}"

    @property
    def name(self) -> str:
        """Return the name of the check, by which it is muted."""
        return self.question.name.removeprefix("database_")


GIVE_UP_VLAN = (
    "stop all its machines, wait until its state is Allocated (network.gc.interval, network.gc.wait: some 20 minutes;"
    " never when it is persistent: then move its machines to a new network)"
)
NEW_VLAN = f"{GIVE_UP_VLAN}, and start one: it takes another VLAN."
"""Only the shutdown of a network gives its VLAN back; a restart, with cleanup or not, replaces routers and keeps it."""
MOVE_RANGE = "Take the VLAN out of the guest range (updatePhysicalNetwork vlan=...) before a network takes it."
SET_RANGE = (
    "Set the range by the API to what it should be (updatePhysicalNetwork vlan=...), which writes both; where it"
    " refuses: " + ASK
)

INCONSISTENCIES = (
    Kind(VLAN_LEAKED, "D01", "each VLAN taken from the pool belongs to a network",
         "Each lost VLAN is one network less; no API call frees it. " + ASK),
    Kind(VLAN_NOT_TAKEN, "D02", "the VLAN of each implemented network is taken in the pool", "Another tenant may get"
         " the same VLAN: make no new networks there. For the network: " + NEW_VLAN, is_isolation=True),
    Kind(VLAN_SHARED, "D03", "one isolated network per VLAN", "Tenants see each other. For one of the two: " + NEW_VLAN
         + " vlan_not_taken then names the other if the pool took the VLAN for free: do the same there.",
         is_isolation=True),
    Kind(VLAN_RANGE_DIFFERS, "D04", "the pool has exactly the VLANs of the range", SET_RANGE),
    Kind(VLAN_RANGE_SIZE_DIFFERS, "D04", "a large pool has as many VNIs as its range", SET_RANGE),
    Kind(PUBLIC_VLAN_IN_POOL, "D05", "public VLANs are outside the guest range", MOVE_RANGE),
    Kind(PUBLIC_VLAN_TAKEN, "D05", "public VLANs are outside the guest range", "A tenant's network lies in the public"
         f" VLAN: {GIVE_UP_VLAN}. Then take the VLAN out of the guest range (updatePhysicalNetwork vlan=...) and start"
         " them.", is_isolation=True),
    Kind(VLAN_ON_ONE_BRIDGE, "D06", "physical networks on one bridge have different VLANs", "Give the physical networks"
         " ranges that do not overlap (updatePhysicalNetwork vlan=...), or labels of different bridges."),
    Kind(NIC_IN_REMOVED_NETWORK, "D07", "each NIC is in a network that is there", "The machine does not start again."
         " Add a NIC in another network and remove this one (addNicToVirtualMachine); where it refuses: " + ASK),
    Kind(NIC_OF_REMOVED_VM, "D08", "NICs go with their machine", "Machines that were unmanaged keep theirs where"
         " unmanage.vm.preserve.nics was on: accept this check by name then. Else: " + ASK),
    Kind(MAC_TWICE, "D09", "each MAC once in a network", "Stop one of the two machines, remove its NIC and add it again"
         " (removeNicFromVirtualMachine, addNicToVirtualMachine): it gets another MAC."),
    Kind(ADDRESS_TWICE, "D10", "each address once in a network", "Stop one of the two machines and give it another"
         " address (updateVmNicIp)."),
    Kind(FREE_WITH_OWNER, "D11", "what is free belongs to nobody", "The next owner gets the rules of the one before. "
         + ASK),
    Kind(ALLOCATED_TO_NOTHING, "D12", "each allocated address belongs to a network or VPC", "Release it"
         " (disassociateIpAddress); where it refuses: " + ASK),
    Kind(ADDRESS_IN_REMOVED_NETWORK, "D13", "addresses are released with their network", "Release it"
         " (disassociateIpAddress); where it refuses: " + ASK),
    Kind(NIC_WITHOUT_PUBLIC_ADDRESS, "D14", "each public NIC owns its address in the pool", "Somebody else may get this"
         " address. Destroy the system VM, or restart the router's network with cleanup (restartNetwork cleanup=true):"
         " it comes up with an address of its own.", is_isolation=True),
    Kind(HOST_OF_DEAD_SERVER, "D17", "hosts that are Up belong to a living management server", "Nothing watches these"
         " hosts. Start the dead management server, or restart a living one: it takes them over.",
         lasting=DATABASE_LASTING_SOON_SECONDS),
    Kind(VM_WITHOUT_HOST, "D20", "running machines are on a host", "Stop it with force (stopVirtualMachine forced=true)"
         " and start it, after looking with virsh on every host of its cluster that it runs nowhere."),
    Kind(NETWORK_HALF_DESTROYED, "D21", "networks in state Destroy are removed", "Delete it again with force"
         " (deleteNetwork forced=true); where it refuses: " + ASK),
    Kind(TRAFFIC_TYPE_TWICE, "D22", "each of management, public, storage and control once per zone",
         "Delete the traffic type from the physical network that should not carry it (deleteTrafficType)."),
    Kind(TRAFFIC_TYPE_MISSING, "D22", "guest, public and management traffic is carried somewhere",
         "Add the traffic type to a physical network (addTrafficType) with the label of its bridge."),
    Kind(NETWORK_ON_NO_PHYSICAL_NETWORK, "D23", "networks lie on a physical network of their zone"),
    Kind(LOCK_OF_DEAD_SERVER, "D24", "locks go with their management server", "Whatever needs this lock waits. Start"
         " that management server again, which clears its locks; if it is gone for good: " + ASK),
    Kind(HA_WORK_STUCK, "D25", "work of high availability ends within the hour", "Look into management-server.log for"
         " the work's number; a host that can be fenced by nobody holds it (declareHostAsDegraded, when it is off)."),
    Kind(DEDICATED_TO_NOBODY, "D27", "dedicated ranges belong to an account", "Release the range"
         " (releaseDedicatedGuestVlanRange): nobody can use these VLANs."),
    Kind(VLAN_NOT_DEDICATED, "D27", "VLANs of a dedicated range are held for its account", "Release the range and"
         " dedicate it again (releaseDedicatedGuestVlanRange, dedicateGuestVlanRange), when its account is quiet.",
         is_isolation=True),
    Kind(NIC_OTHER_VLAN, "D28", "NICs have the VLAN of their network", "Stop and start the machines named here: a NIC"
         " is given its network's VLAN at each start. Where that does not help: " + ASK, is_isolation=True),
    Kind(HOST_ADDRESS_TWICE, "D29", "each hypervisor has an address of its own", "Delete the host that is no more"
         " (deleteHost), after maintenance; or give one of them another address."),
    Kind(HOST_IN_REMOVED_PLACE, "D30", "hosts are in a cluster, pod and zone that are there"),
    Kind(RANGE_OF_REMOVED_NETWORK, "D33", "address ranges go with their network", "Delete the range"
         " (deleteVlanIpRange); where it refuses: " + ASK),
    Kind(ADDRESS_OF_REMOVED_RANGE, "D33", "addresses go with their range"),
    Kind(RANGES_OVERLAP, "D34", "each address in one range, and no gateway in any", "Shorten or delete one of the"
         " ranges (updateVlanIpRange, deleteVlanIpRange; deleteManagementNetworkIpRange for pods)."),
)  # fmt: skip
LEAKED = (
    Kind(MANAGEMENT_ADDRESS_LEAKED, "D15", "management addresses go with their NIC"),
    Kind(CONTROL_ADDRESS_LEAKED, "D16", "control addresses go with their NIC"),
)
LEFTOVERS = (
    *LEAKED,
    Kind(LOCK_HELD_LONG, "D24", "locks are held for seconds", "Look with a thread dump (kill -3) of that management"
         " server what it waits for; a restart of it clears its locks."),
    Kind(VM_WORK_STUCK, "D26", "work on machines ends within the hour", "A management server that crashed left it"
         " behind and clears it at its next start; rows of old releases stay: accept this check by name then."),
    Kind(AGENT_WITHOUT_VM, "D31", "agents go with their system VM", "Delete the agent's row by the API"
         " (deleteHost id=... forced=true): it sits in Alert for ever and looks like a host that is down."),
)  # fmt: skip


def found_lasting(answers: Answers, kind: Kind) -> tuple[Found, ...] | None:
    """Return the rows that two rounds at least, and every one for as long as the kind says, have found.

    Running operations pass through every state that is looked for; they do not stay in it. Rounds are as far apart as
    the interval makes them, so that their number alone says nothing of time. None while it cannot be told: there is no
    answer, or rows were found and have not yet lasted. Who waits for the verdict is told what two looks have found.
    """
    now = answers.get(kind.question)
    if not now:
        return now
    lasted = _lasted(answers, kind, now)
    before = answers.before(kind.question)
    if before is None:
        return None
    names = {one.name for one in before[0]}
    twice = tuple(one for one in now if one.name in names)
    found = tuple(one for one in twice if answers.is_on_demand or lasted[one.name] >= kind.lasting)
    return found if found or not twice else None


def _lasted(answers: Answers, kind: Kind, now: tuple[Found, ...]) -> dict[str, float]:
    """Return by name for how many seconds each row has been found; those beyond the first share one memory."""
    return {
        name: answers.held_by(kind.question, kind.name, *((name,) if number < REMEMBERED else ())).seconds
        for number, name in enumerate(sorted({one.name for one in now}))
    }


def counted(kinds: tuple[Kind, ...], answers: Answers) -> Iterator[tuple[Kind, int, str]]:
    """Yield the kinds that can be told, with how many rows were found of each, and in words which."""
    for kind in kinds:
        found = found_lasting(answers, kind)
        if found is not None:
            _, apart = answers.before(kind.question) or ((), kind.lasting)
            is_early = bool(found) and answers.is_on_demand and apart < kind.lasting
            yield kind, len(found), f"{EARLY.format(apart) if is_early else ''}{said(found)}"


def said(found: tuple[Found, ...]) -> str:
    """Return ``3: name (why); name (why); ...`` for people, bounded."""
    words = [f"{one.name[:LONGEST_NAME]} ({one.seen[:LONGEST_WORDS]})" for one in found[:EXAMPLES]]
    more = f"; ... and {len(found) - EXAMPLES} more" if len(found) > EXAMPLES else ""
    return f"{len(found)}: {'; '.join(words)}{more}" if found else ""
