"""Traffic labels on the kernel's own bridges and interfaces, in a network namespace.

The NICs are ends of veth pairs: iproute2 calls the other end their link, as it does the parent of a VLAN device.
"""

from __future__ import annotations

import subprocess

import pytest

from exporter.checks.physical_networks import cluster_labels, label_uplinks, management_vlan, traffic_labels
from exporter.questions.hosts.links import LINKS, Links
from tests.checks.physical_networks import scene
from tests.real_parts import require, require_root

WIRED = """set -e
for name in eth0 ens1 ens2; do
    ip link add "$name" type veth peer name "far-$name"
    ip link set "far-$name" up
    ip link set "$name" up
done
for name in cloudbr0 cloudbr1; do
    ip link add "$name" type bridge
    ip link set "$name" up
done
ip link set eth0 master cloudbr0
ip link set ens1 master cloudbr1
ip tuntap add vnet0 mode tap
ip link set vnet0 master cloudbr1
"""
CLOUD = scene.cloud(types=scene.labels(guest="cloudbr1"))


def links(*changes: str) -> Links:
    """Return what the true question says of a namespace that is wired as CloudStack wants it, and then changed."""
    require("ip", "unshare")
    require_root("a network namespace needs root")
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", WIRED + "".join(f"{change}\n" for change in changes) + LINKS.text],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOT": ""},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return LINKS.read(done.stdout.decode())


def problems(found: Links) -> set[tuple[str, ...]]:
    """Return the problems that the checks of one host see, by short name and label."""
    samples = []
    for check in (traffic_labels, label_uplinks, management_vlan):
        samples += scene.samples_on_host(check.judge, CLOUD, scene.seen(found))
    return {
        (scene.short(one), *one.labels[3:])
        for one in samples
        if one.metric.problem is not None and one.metric.problem.holds(one.value, 0)
    }


def test_a_wired_host_is_healthy() -> None:
    """Two NICs: one for guests, one that the rest shares."""
    found = links()
    assert problems(found) == set()
    rows = scene.samples_on_host(label_uplinks.judge, CLOUD, scene.seen(found))
    assert {row.labels[4:] for row in rows if scene.short(row) == "uplink_info"} == {
        ("Management", "cloudbr0", "bridge", "eth0", ""),
        ("Public", "cloudbr0", "bridge", "eth0", ""),
        ("Storage", "cloudbr0", "bridge", "eth0", ""),
        ("Guest", "cloudbr1", "bridge", "ens1", ""),
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("ip link set cloudbr1 down; ip link set cloudbr1 name cloudbr7", ("label_missing", "cloudbr1")),
        ("ip link delete cloudbr1", ("label_missing", "cloudbr1")),
        ("ip link set ens1 nomaster", ("label_without_uplink", "cloudbr1")),
        ("ip link set ens1 down; ip link set ens1 name wan0", ("label_without_uplink", "cloudbr1")),
        ("ip link set ens2 master cloudbr1", ("label_extra_uplinks", "cloudbr1")),
        ("ip link set cloudbr1 down", ("label_switched_off", "cloudbr1")),
        ("ip link set eth0 down", ("label_switched_off", "cloudbr0")),
    ],
)  # fmt: skip
def test_what_is_broken_for_real(change: str, problem: tuple[str, ...]) -> None:
    """Exactly that is seen."""
    assert problems(links(change)) == {problem}


def test_an_uplink_without_carrier_is_left_to_another_issue() -> None:
    """It is up, and nobody answers at the other end."""
    assert problems(links("ip link set far-ens1 down")) == set()


def test_another_uplink_name_than_the_peers() -> None:
    """VLAN bridges of guests would have another name there."""
    usual, other = links(), links("ip link set ens1 nomaster", "ip link set ens2 master cloudbr1")
    assert problems(other) == set()
    cloud = scene.cloud(*(scene.host(number) for number in (1, 2, 3)), types=scene.labels(guest="cloudbr1"))
    found = scene.on_cluster(cluster_labels.judge, cloud, scene.seen(usual), scene.seen(usual), scene.seen(other))
    assert {one.labels[2]: one.value for one in found} == {"kvm1": 0, "kvm2": 0, "kvm3": 1}
