"""Whom a target is told to look at: the ring of neighbours, stores, busy hosts, sites, internal networks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, Instance, ManagementServer, SystemVm, Zone
from exporter.cloud.storage import ImageStore, Place, Template
from exporter.cloud.targeting import MOST_HOSTS, MOST_PLACES, NEIGHBOURS, PEERS, targets
from exporter.cloud.targets import (
    ConsoleProxyTarget,
    HostEndpoint,
    HostTarget,
    Machine,
    ManagementServerTarget,
    SecondaryStorageVmTarget,
    XenHostTarget,
)


def host(number: int, cluster: str = "c", **changes: Any) -> Host:
    """Return a KVM host that is Up and enabled."""
    given: dict[str, Any] = {
        "id": f"h-{number:04}", "name": f"kvm-{number}", "type": "Routing", "state": "Up", "resource_state": "Enabled",
        "address": f"10.0.{number // 250}.{1 + number % 250}", "zone_id": "z", "cluster_id": cluster,
        "hypervisor": "KVM",
    }  # fmt: skip
    return Host(**(given | changes))


def cloud(*hosts: Host, **fields: Any) -> Cloud:
    """Return a Cloud of one zone with these hosts."""
    zone = Zone("z", "zone-1", "Advanced", security_groups=False, enabled=True)
    return Cloud(zones={"z": zone}, hosts={one.id: one for one in hosts}, **fields)


def hosts_of(seen: Cloud) -> dict[str, HostTarget]:
    """Return the targets of hosts by name."""
    return {one.name: one for one in targets(seen) if isinstance(one, HostTarget)}


def system_vm(kind: str) -> SystemVm:
    """Return a running system VM."""
    return SystemVm(id="v", name="v-2-VM", kind=kind, state="Running", agent_state="Up", zone_id="z", hypervisor="KVM")


def store(number: int, url: str, zone_id: str = "z", protocol: str = "nfs") -> ImageStore:
    """Return an image store."""
    return ImageStore(f"s-{number}", f"store-{number}", zone_id, protocol, url)


def test_a_ring_of_three() -> None:
    """Each dials the next two by id, and is dialled by two."""
    found = hosts_of(cloud(host(3), host(1), host(2)))
    assert found["kvm-1"].neighbours == (host(2).address, host(3).address)
    assert found["kvm-2"].neighbours == (host(3).address, host(1).address)
    assert found["kvm-3"].neighbours == (host(1).address, host(2).address)


@pytest.mark.parametrize(("number", "neighbours"), [(1, 0), (2, 1), (3, 2), (9, 2)])
def test_small_clusters(number: int, neighbours: int) -> None:
    """None dials itself, or anybody twice."""
    found = hosts_of(cloud(*(host(one) for one in range(number))))
    assert {len(set(one.neighbours)) for one in found.values()} == {neighbours}


@pytest.mark.parametrize(
    "changes",
    [{"state": "Down"}, {"state": "Alert"}, {"resource_state": "Maintenance"}, {"resource_state": "Disabled"},
     {"address": ""}, {"type": "ConsoleProxy"}, {"hypervisor": "XenServer"}, {"cluster_id": "other"}],
)  # fmt: skip
def test_who_is_nobodys_neighbour(changes: dict[str, Any]) -> None:
    """What is not expected to answer; hosts of other clusters; other hypervisors, which move machines otherwise."""
    found = hosts_of(cloud(host(1), host(2, **changes), host(3)))
    assert found["kvm-1"].neighbours == (host(3).address,)
    assert found["kvm-3"].neighbours == (host(1).address,)
    assert "kvm-2" not in found or found["kvm-2"].neighbours == ()


HOSTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["Up", "Up", "Up", "Down", "Alert"]),
        st.sampled_from(["Enabled", "Enabled", "Maintenance"]),
    ),
    max_size=60,
)


@given(HOSTS)
def test_the_ring_costs_as_much_as_there_are_hosts(rows: list[tuple[str, str, str]]) -> None:
    """At most two each, of its cluster, in service, none itself; and nobody is dialled by more than two."""
    made = [host(n, cluster, state=state, resource_state=kept) for n, (cluster, state, kept) in enumerate(rows)]
    by_address = {one.address: one for one in made}
    found = hosts_of(cloud(*made))
    dialled: Counter[str] = Counter()
    for target in found.values():
        others = [by_address[address] for address in target.neighbours]
        assert len(set(target.neighbours)) == len(target.neighbours) <= NEIGHBOURS
        assert all(one.cluster_id == target.host.cluster_id and one.id != target.host.id for one in others)
        assert all((one.state, one.resource_state) == ("Up", "Enabled") for one in others)
        dialled.update(target.neighbours)
    assert max(dialled.values(), default=0) <= NEIGHBOURS


def test_stores_of_a_host() -> None:
    """Those that are mounted, of its zone or of the region, by their place and each once."""
    stores = (
        store(1, "nfs://10.9.0.2/export"),
        store(2, "nfs://10.9.0.2/other"),
        store(3, "nfs://nas.example/export", zone_id=""),
        store(4, "nfs://10.9.0.3/export", zone_id="elsewhere"),
        store(5, "https://s3.example/bucket", protocol="s3"),
        store(6, "nfs://[2001:db8::1]/export"),
    )
    found = hosts_of(cloud(host(1), image_stores={one.id: one for one in stores}))["kvm-1"]
    assert found.stores == (Place("10.9.0.2", 2049), Place("nas.example", 2049))


def test_many_stores() -> None:
    """A machine dials a few; the same ones each time."""
    stores = {f"s-{n}": store(n, f"nfs://10.9.{n}.1/export") for n in range(50)}
    first = hosts_of(cloud(host(1), image_stores=stores))["kvm-1"].stores
    again = hosts_of(cloud(host(1), image_stores=dict(reversed(stores.items()))))["kvm-1"].stores
    assert first == again
    assert len(first) == MOST_PLACES


@pytest.mark.parametrize(
    ("urls", "settings", "name"),
    [
        (["nfs://10.0.0.1/a"], {}, ""),
        (["nfs://10.0.0.1/a", "nfs://nas.example/b"], {"consoleproxy.url.domain": "*.c.example"}, "nas.example"),
        (["nfs://nas_1.example/a"], {"consoleproxy.url.domain": "*.c.example"}, "203-0-113-7.c.example"),
        ([], {"consoleproxy.url.domain": "console.example"}, "console.example"),
        ([], {"consoleproxy.url.domain": "no name"}, ""),
    ],
)
def test_what_a_console_proxy_looks_up(urls: list[str], settings: dict[str, str], name: str) -> None:
    """A name that its zone needs: of a store, else of its consoles, else none; secondary storage VMs the same one."""
    proxy = replace(system_vm("consoleproxy"), public_address="203.0.113.7")
    machines = {"v": proxy, "s": replace(system_vm("secondarystoragevm"), id="s", name="s-1-VM")}
    machines["far"] = replace(proxy, id="far", name="v-9-VM", zone_id="other", public_address="203.0.113.9")
    stores = {url: store(number, url) for number, url in enumerate(urls)}
    seen = cloud(system_vms=machines, image_stores=stores, settings=settings)
    found = [one for one in targets(seen) if isinstance(one, ConsoleProxyTarget | SecondaryStorageVmTarget)]
    assert {one.name: one.looks_up for one in found if one.zone == "zone-1"} == {"v-2-VM": name, "s-1-VM": name}


def test_who_is_dialled_from_outside() -> None:
    """Hosts of the hypervisors that management servers dial, with an address; none that is removed or no hypervisor."""
    seen = cloud(
        host(1),
        host(2, hypervisor="XenServer"),
        host(3, hypervisor="VMware"),
        host(4, hypervisor="Hyperv"),
        host(5, address=""),
        host(6, state="Removed"),
        host(7, type="SecondaryStorageVM"),
    )
    assert {one.name for one in targets(seen) if isinstance(one, HostEndpoint)} == {"kvm-1", "kvm-2", "kvm-3"}
    assert set(hosts_of(seen)) == {"kvm-1", "kvm-5"}


def test_hosts_of_xenserver_are_targets_of_their_own_kind() -> None:
    """They are asked what dom0 knows and nothing of KVM; hosts that nobody logs in to are asked nothing."""
    others = (host(number, hypervisor=name) for number, name in enumerate(("LXC", "VMware", "Hyperv", "Ovm3"), 3))
    seen = cloud(host(1), host(2, hypervisor="XenServer"), *others)
    assert set(hosts_of(seen)) == {"kvm-1"}
    (found,) = [one for one in targets(seen) if isinstance(one, XenHostTarget)]
    assert (found.name, found.home, found.zone, found.via) == ("kvm-2", "c", "zone-1", Machine("kvm-2", "10.0.0.3"))


def screens(seen: Cloud) -> tuple[str, ...]:
    """Return what the one console proxy is told to dial."""
    (found,) = [one for one in targets(seen) if isinstance(one, ConsoleProxyTarget)]
    return found.hosts


def instance(number: int, on: Host, state: str = "Running") -> Instance:
    """Return a machine on a host."""
    return Instance(id=f"i-{number}", name=f"vm-{number}", state=state, zone_id="z", host_id=on.id)


def busy(*hosts: Host, state: str = "Running", zone: str = "z") -> Cloud:
    """Return a Cloud in which one machine is on each host, and a console proxy."""
    instances = {f"i-{number}": instance(number, one, state) for number, one in enumerate(hosts)}
    vm = system_vm("consoleproxy")
    return cloud(*hosts, instances=instances, system_vms={"v": vm})


def test_hosts_with_screens() -> None:
    """Those of KVM on which machines run and that should answer; others show screens by https."""
    quiet, others = host(9), (host(4, hypervisor="VMware"), host(5, hypervisor="XenServer"))
    seen = busy(host(1), host(2, state="Down"), host(3, resource_state="Maintenance"), *others)
    assert screens(seen) == (host(1).address,)
    assert screens(busy(host(1), state="Stopped")) == ()
    assert quiet.address not in screens(seen)


@given(st.integers(0, 600))
def test_a_console_proxy_dials_every_host_with_machines(number: int) -> None:
    """Up to what it may, the same each time; it is said how many are left out."""
    hosts = [host(one) for one in range(number)]
    seen = busy(*hosts)
    found = screens(seen)
    assert found == screens(busy(*reversed(hosts)))
    assert set(found) <= {one.address for one in hosts}
    assert len(set(found)) == len(found) == min(number, MOST_HOSTS)
    assert [one.left_out for one in targets(seen) if isinstance(one, ConsoleProxyTarget)] == [number - len(found)]


def test_the_choice_among_many_hosts_is_a_steady_one() -> None:
    """One host more or less leaves the others as they were: what is seen of them once is looked at again."""
    hosts = [host(one) for one in range(MOST_HOSTS + 50)]
    for gone in (hosts[0], hosts[-1]):
        kept = set(screens(busy(*hosts))) & set(screens(busy(*(one for one in hosts if one is not gone))))
        assert len(kept) >= MOST_HOSTS - 1


def storage(**fields: Any) -> SecondaryStorageVmTarget:
    """Return the target of the one secondary storage VM."""
    vm = system_vm("secondarystoragevm")
    (found,) = [one for one in targets(cloud(system_vms={"v": vm}, **fields)) if type(one) is SecondaryStorageVmTarget]
    return found


def template(number: int, url: str, **changes: Any) -> Template:
    """Return a template that is not ready."""
    given: dict[str, Any] = {
        "id": f"t-{number}", "zone_id": "z", "name": "t", "is_ready": False, "status": "", "url": url,
    }  # fmt: skip
    return Template(**(given | changes))


def test_where_templates_come_from() -> None:
    """Of this zone, not ready, not downloaded by hosts themselves, each place once."""
    made = (
        template(1, "https://download.example/a.qcow2"),
        template(2, "https://download.example/b.qcow2"),
        template(3, "http://ready.example/a", is_ready=True),
        template(4, "http://direct.example/a", is_direct=True),
        template(5, "http://elsewhere.example/a", zone_id="other"),
        template(6, ""),
    )
    assert storage(templates={one.id: one for one in made}).sites == (Place("download.example", 443),)


def test_stores_of_a_secondary_storage_vm() -> None:
    """Of any protocol that names a host."""
    stores = (store(1, "nfs://10.9.0.2/export"), store(2, "https://s3.example/bucket", protocol="s3"))
    assert storage(image_stores={one.id: one for one in stores}).stores == (
        Place("10.9.0.2", 2049),
        Place("s3.example", 443),
    )


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("", ()),
        ("10.1.0.0/16", ("10.1.0.1",)),
        ("10.1.2.3/16, 192.0.2.7/32", ("10.1.0.1", "192.0.2.7")),
        ("nonsense,10.0.0.0/40,2001:db8::/32,10.5.0.0/31", ("10.5.0.0",)),
        (",".join(f"10.{number}.0.0/24" for number in range(20)), tuple(f"10.{n}.0.1" for n in range(MOST_PLACES))),
    ],
)
def test_internal_networks(setting: str, found: tuple[str, ...]) -> None:
    """An address of each; what is no network is told elsewhere."""
    assert storage(settings={"secstorage.allowed.internal.sites": setting}).internal == found


def peers(*servers: ManagementServer) -> dict[str, tuple[str, ...]]:
    """Return the addresses that each management server dials."""
    seen = cloud(management_servers={one.id: one for one in servers})
    return {one.name: one.peers for one in targets(seen) if isinstance(one, ManagementServerTarget)}


def test_each_management_server_dials_the_others_that_are_up() -> None:
    """One in maintenance dials and is not dialled; one that is Down does neither."""
    states = ("Up", "Up", "Maintenance", "Down")
    servers = [ManagementServer(f"m{n}", f"ms{n}", state, f"10.0.0.{n}") for n, state in enumerate(states, 1)]
    assert peers(*servers) == {"ms1": ("10.0.0.2",), "ms2": ("10.0.0.1",), "ms3": ("10.0.0.1", "10.0.0.2")}


def test_many_management_servers_dial_some_each() -> None:
    """In a ring: each is dialled as often as any other."""
    found = peers(*(ManagementServer(f"m{n:02}", f"ms{n}", "Up", f"10.0.0.{n}") for n in range(1, 31)))
    assert {len(others) for others in found.values()} == {PEERS}
    assert set(Counter(one for others in found.values() for one in others).values()) == {PEERS}
