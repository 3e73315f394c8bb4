"""Names, stores and routes of a secondary storage VM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.checks.host_connectivity import storage_vm_names, storage_vm_reach, storage_vm_routes
from exporter.checks.host_connectivity.storage_vm_reach import FIX_NAME, OPEN_WAY, START_SERVICE
from exporter.cloud.storage import Place
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.secondary_storage_mounts import SSVM_MOUNTS, Mount, Mounts
from exporter.questions.secondary_storage_ways import SSVM_NAMES, SSVM_REACH, SSVM_ROUTES, Lookup, Names, Routes
from tests.checks.host_connectivity.inside_scene import PLACE, STORE, cloud, judged, problems, storage_vm, values_of

VM = storage_vm()
MACS = {"lo": "", "eth1": "1e:00:0a:00:00:03", "eth2": "1e:00:64:00:00:03"}
MOUNTED = Mounts((Mount("10.0.0.5:/export/secondary", "/mnt/SecStorage/x", "nfs4"),), 0)


def reached(*words: Reach, mounts: Mounts | None = None) -> list[Sample]:
    """Return what is said of the store after so many looks."""
    more = {} if mounts is None else {SSVM_MOUNTS: mounts}
    return judged(storage_vm_reach.judge, VM, cloud(VM), *({SSVM_REACH: {PLACE: word}} | more for word in words))


@pytest.mark.parametrize("word", [Reach.ESTABLISHED, Reach.OPEN])
def test_a_store_that_is_reached(word: Reach) -> None:
    """At the first look."""
    (sample,) = reached(Reach.TIMEOUT, word)
    assert (sample.labels, sample.value) == (("zone1", "s-3-VM", "east-secondary", "10.0.0.5:2049"), 1)


@pytest.mark.parametrize(
    ("word", "mounts", "seen", "remedy"),
    [
        (Reach.REFUSED, Mounts((), 0), "refused, not mounted", START_SERVICE),
        (Reach.TIMEOUT, MOUNTED, "timeout, mounted", OPEN_WAY),
        (Reach.UNRESOLVED, None, "unresolved", FIX_NAME),
        (Reach.UNREACHABLE, None, "unreachable", OPEN_WAY),
    ],
)
def test_a_store_that_is_not(word: Reach, mounts: Mounts | None, seen: str, remedy: str) -> None:
    """At two looks, with what was seen and whether it is mounted."""
    (sample,) = reached(word, word, mounts=mounts)
    assert (sample.value, sample.seen, sample.remedy) == (0, seen, remedy)


def test_one_look_is_not_enough() -> None:
    """A dial of two seconds may be lost."""
    assert reached(Reach.OPEN, Reach.TIMEOUT) == []


def test_a_store_that_was_not_asked_about_is_unknown() -> None:
    """It is new, or its URL names no host."""
    values: Mapping[object, object] = {SSVM_REACH: {Place("10.0.0.9", 2049): Reach.OPEN}}
    assert judged(storage_vm_reach.judge, VM, cloud(VM), values) == []  # type: ignore[arg-type]
    bucket = cloud(VM, image_stores={"s1": replace(STORE, protocol="swift", url="")})
    assert judged(storage_vm_reach.judge, VM, bucket, {SSVM_REACH: {PLACE: Reach.OPEN}}) == []


def resolves(servers: tuple[str, ...] = ("10.0.0.53",), **names: Lookup) -> list[Sample]:
    """Return what is said of names, whose dots are underscores here; the image store is nas.example."""
    told = Names(servers, {name.replace("_", "."): word for name, word in names.items()})
    place = Place("nas.example", 2049)
    return judged(storage_vm_names.judge, VM, cloud(VM), {SSVM_NAMES: told}, stores=(place,))


def test_names_that_are_found() -> None:
    """One word for all of them."""
    assert values_of(resolves(nas_example=Lookup.KNOWN, a_example=Lookup.KNOWN)) == {"resolves": 1}


@pytest.mark.parametrize(
    ("servers", "names"),
    [
        ((), {}),
        (("10.0.0.53",), {"a_example": Lookup.TIMEOUT, "nas_example": Lookup.KNOWN}),
        (("10.0.0.53",), {"nas_example": Lookup.UNKNOWN, "a_example": Lookup.KNOWN}),
        (("10.0.0.53",), {"a_example": Lookup.UNKNOWN, "b_example": Lookup.UNKNOWN}),
    ],
)
def test_servers_that_do_not_answer(servers: tuple[str, ...], names: dict[str, Lookup]) -> None:
    """No server, silence, a store that is not known, or nothing at all that is."""
    ((name, _),) = problems(resolves(servers, **names))
    assert name == "resolves"


def test_a_name_that_does_not_exist_is_somebodys_typing_error() -> None:
    """A template was registered with it; the template tells."""
    assert problems(resolves(nosuch_example=Lookup.UNKNOWN, nas_example=Lookup.KNOWN)) == []
    assert problems(resolves(nosuch_example=Lookup.UNKNOWN)) == []


def test_where_no_name_is_needed_nobody_knows() -> None:
    """Stores and sites have addresses: unknown, not well."""
    assert resolves() == []


def routed(macs: Mapping[str, str] = MACS, **devices: str) -> list[Sample]:
    """Return what is said of routes: NIC by address, whose dots are underscores behind an a."""
    told = Routes(macs, {name[1:].replace("_", "."): device for name, device in devices.items()})
    return judged(storage_vm_routes.judge, VM, cloud(VM), {SSVM_ROUTES: told})


def test_internal_sites_behind_the_private_nic() -> None:
    """Or behind itself, or none at all to ask about."""
    assert values_of(routed(a10_20_0_1="eth1", a10_30_0_1="lo")) == {"internal_route_ok": 1}
    assert routed() == []


def test_internal_sites_behind_the_public_nic() -> None:
    """MACs are compared whatever their letters; an address without a route is named too."""
    assert problems(routed(a10_20_0_1="eth2", a10_30_0_1="")) == [
        ("internal_route_ok", "10.20.0.1 by eth2, the public NIC; 10.30.0.1 has no route")
    ]


def test_without_the_mac_of_the_public_nic_nobody_knows() -> None:
    """Versions that do not tell it."""
    vm = storage_vm(macs={})
    told = {SSVM_ROUTES: Routes(MACS, {"10.20.0.1": "eth2"})}
    assert judged(storage_vm_routes.judge, vm, cloud(vm), told) == []
