"""Image stores that no verdict speaks of are counted."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.stores_not_dialled import CHECK, judge
from exporter.cloud.storage import ImageStore
from exporter.cloud.targeting import MOST_PLACES
from tests.checks.host_connectivity import states_scene as scene


def stores(*urls: str) -> dict[tuple[str, ...], float]:
    """Return how many stores are left out, by who should reach them."""
    made = [ImageStore(f"i{number}", url, "z", url.partition(":")[0], url) for number, url in enumerate(urls)]
    return {one.labels[1:]: one.value for one in scene.of_zone(judge, scene.cloud(*made))}


def told(hosts: int, secondary_storage_vms: int) -> dict[tuple[str, ...], float]:
    return {("hosts",): hosts, ("secondary_storage_vms",): secondary_storage_vms}


def test_all_are_dialled() -> None:
    """Two of one server are one place; a zone without any is told too."""
    assert stores("nfs://10.0.3.1/a", "nfs://10.0.3.1/b", "nfs://nas.example/c") == told(0, 0)
    assert stores() == told(0, 0)


@pytest.mark.parametrize("url", ["nfs://[2001:db8::1]/a", "nfs://my_nas.example/a"])
def test_what_no_machine_can_be_told(url: str) -> None:
    """An address of IPv6, an underscore."""
    assert stores(url, "nfs://10.0.3.1/a") == told(1, 1)


def test_objects_elsewhere() -> None:
    """Endpoints of S3 are not in the URL; hosts do not mount them."""
    assert stores("s3://bucket/", "nfs://10.0.3.1/a") == told(0, 1)


def test_more_than_are_dialled() -> None:
    """What is behind the first eight is no longer silent."""
    assert stores(*(f"nfs://10.0.3.{number}/a" for number in range(MOST_PLACES + 3))) == told(3, 3)


def test_it_is_a_fact_and_no_verdict() -> None:
    """Nobody is told."""
    assert all(metric.problem is None for metric in CHECK.metrics)
