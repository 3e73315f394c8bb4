"""Single rows and fields, as the versions of CloudStack write them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.objects import HealthResult, Pod
from exporter.inventory import infrastructure, machines, range_rows, rows, storage_rows
from exporter.sources.envelope import read_page
from tests.inventory.small_cloud import CREATED, CREATED_UNIX, ROUTER, ROWS

R = TypeVar("R", bound=msgspec.Struct)


def row(kind: type[R], **fields: Any) -> R:
    """Return the row that the client makes of these fields."""
    body = json.dumps({"r": {"count": 1, "x": [{"id": "a", "name": "n", **fields}]}}).encode()
    (found,) = read_page(200, body, kind, encoded=False, listed=None).rows
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CREATED, CREATED_UNIX),
        ("2026-11-21T06:43:13+0100", CREATED_UNIX),
        ("2026-11-21T05:43:13Z", CREATED_UNIX),
        ("", None),
        ("2026-11-21T05:43:13", None),
        ("yesterday", None),
    ],
)
def test_dates_are_unix_time(text: str, expected: float | None) -> None:
    """The offset has no colon; a date without one, or no date, is None."""
    assert infrastructure.unix(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100-199,300-300", ((100, 199), (300, 300))),
        ("17", ((17, 17),)),
        (" 1 - 2 , 3 ", ((1, 2), (3, 3))),
        ("5000-16777215", ((5000, 16777215),)),
        ("", ()),
        ("a-b,7,-,8-", ((7, 7), (8, 8))),
    ],
)
def test_vlan_ranges(text: str, expected: tuple[tuple[int, int], ...]) -> None:
    """Pairs with a dash, single numbers of old rows, VNIs; anything else is left out."""
    assert infrastructure.vlan_ranges(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nfs://10.0.0.40/export", "nfs://10.0.0.40/export"),
        ("cifs://u:p@host/share?user=u&password=p&domain=d", "cifs://host/share"),
        ("cifs://u@x:p@host/share", "cifs://host/share"),
        ("https://s3.example:9000/bucket#frag", "https://s3.example:9000/bucket"),
        ("s3://[2001:db8::1]:9000/b", "s3://[2001:db8::1]:9000/b"),
        ("", ""),
        ("host/share", ""),
        ("http://[bad/", ""),
        ("cifs://u:p/q@host/share", ""),
        ("cifs://u:7/q@host/share", ""),
    ],
)
def test_store_urls_lose_their_secrets(url: str, expected: str) -> None:
    """User, password, query and fragment are dropped; what cannot be read is dropped whole."""
    assert infrastructure.without_secrets(url) == expected


@given(st.text())
def test_no_password_of_any_url_is_kept(password: str) -> None:
    """Whatever the password and however it is put in, nothing after the path or before the host remains."""
    told = infrastructure.without_secrets(f"cifs://host/share?user=u&password=CANARY{password}")
    assert "CANARY" not in told
    assert "CANARY" not in infrastructure.without_secrets(f"cifs://u:CANARY{password}@host/share")


@pytest.mark.parametrize(
    ("told", "expected"), [("vlan://untagged", ("vlan://untagged",)), (["1", "1", "2"], ("1", "2"))]
)
def test_pod_vlans_are_a_list_or_one_text(told: Any, expected: tuple[str, ...]) -> None:
    """Old versions write one text, new ones a list that repeats itself."""
    pod = infrastructure.pod(row(rows.PodRow, vlanid=told, zoneid="z", allocationstate="Disabled"))
    assert pod == Pod("a", "n", "z", vlan_ids=expected, enabled=False)


@pytest.mark.parametrize(
    ("told", "ok", "status"),
    [
        ({"success": True}, True, ""),
        ({"success": False}, False, ""),
        ({"success": "true"}, True, ""),
        ({"success": "false"}, False, ""),
        ({}, None, ""),
        ({"success": True, "status": "SUCCESS"}, True, "SUCCESS"),
        ({"success": False, "status": "FAILED"}, False, "FAILED"),
        ({"success": False, "status": "FAILURE"}, False, "FAILED"),
        ({"success": True, "status": "failed"}, False, "FAILED"),
        ({"success": False, "status": "WARNING"}, None, "WARNING"),
        ({"success": False, "status": "UNKNOWN"}, None, "UNKNOWN"),
        ({"status": "SUCCESS"}, True, "SUCCESS"),
    ],
)
def test_health_results_of_all_versions(told: dict[str, Any], ok: bool | None, status: str) -> None:
    """Before 4.22 only success speaks, as boolean or text; since then the status decides."""
    result = {"checkname": "c", "checktype": "Basic", "lastupdated": CREATED, "details": "d", **told}
    made = machines.router(row(rows.RouterRow, healthcheckresults=[result]))
    assert made.health == (HealthResult("c", "basic", ok, status, "d", CREATED_UNIX),)


@pytest.mark.parametrize(
    ("told", "expected"),
    [("MASTER", "PRIMARY"), ("PRIMARY", "PRIMARY"), ("BACKUP", "BACKUP"), ("Fault", "FAULT"), ("", "")],
)
def test_redundant_state_of_all_versions(told: str, expected: str) -> None:
    """MASTER of old versions is PRIMARY."""
    assert machines.router(row(rows.RouterRow, redundantstate=told)).redundant_state == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"linklocalip": "169.254.1.1"}, "169.254.1.1"),
        ({"nic": [{"traffictype": "Guest", "ipaddress": "1"}, {"traffictype": "Control", "ipaddress": "2"}]}, "2"),
        ({"nic": [{"traffictype": "Management", "ipaddress": "10.0.0.9"}]}, "10.0.0.9"),
        ({}, ""),
    ],
)
def test_control_address_of_a_router(fields: dict[str, Any], expected: str) -> None:
    """Where the row has no link-local address, the control or management NIC tells it."""
    assert machines.router(row(rows.RouterRow, **fields)).control_address == expected


def test_router_of_a_network_without_guestnetworkid() -> None:
    """The first guest NIC tells the network."""
    fields = {"nic": [{"traffictype": "Public", "networkid": "p"}, {"traffictype": "Guest", "networkid": "g"}]}
    assert machines.router(row(rows.RouterRow, **fields)).network_id == "g"


@pytest.mark.parametrize(("related", "expected"), [("7", ""), ("", ""), ("8", "8")])
def test_network_that_is_migrated(related: str, expected: str) -> None:
    """It and its copy name each other; any other network names itself."""
    assert machines.network(row(rows.NetworkRow, id="7", related=related)).related == expected


def test_unmanaged_and_disabled_clusters() -> None:
    """Old versions do not say managedstate; then it is managed."""
    assert infrastructure.cluster(row(rows.ClusterRow)).managed
    cluster = infrastructure.cluster(row(rows.ClusterRow, managedstate="Unmanaged", allocationstate="Disabled"))
    assert (cluster.managed, cluster.enabled) == (False, False)


def test_management_server_address() -> None:
    """ipaddress goes before serviceip; versions without both leave it empty."""
    addresses = ({"ipaddress": "1", "serviceip": "2"}, {"serviceip": "2"}, {})
    told = [infrastructure.management_server(row(rows.ManagementServerRow, **fields)).address for fields in addresses]
    assert told == ["1", "2", ""]


def test_one_bad_nic_costs_its_machine_only() -> None:
    """A row with a NIC that is none is skipped and counted."""
    body = json.dumps({"r": {"count": 2, "x": [{**ROUTER, "nic": ["bad"]}, ROUTER]}}).encode()
    page = read_page(200, body, rows.RouterRow, encoded=False, listed=None)
    assert (len(page.rows), page.skipped) == (1, 1)


MAKERS = {
    "listZones": (rows.ZoneRow, infrastructure.zone),
    "listPods": (rows.PodRow, infrastructure.pod),
    "listClusters": (rows.ClusterRow, infrastructure.cluster),
    "listHosts": (rows.HostRow, infrastructure.host),
    "listPhysicalNetworks": (rows.PhysicalNetworkRow, infrastructure.physical_network),
    "listNetworkServiceProviders": (rows.NetworkProviderRow, infrastructure.provider),
    "listNetworkOfferings": (rows.NetworkOfferingRow, infrastructure.offering),
    "listStorageNetworkIpRange": (range_rows.StorageRangeRow, infrastructure.storage_range),
    "listDedicatedGuestVlanRanges": (
        range_rows.DedicatedRangeRow,
        lambda row: infrastructure.dedicated_range(row, "pn"),
    ),
    "listPrivateGateways": (range_rows.PrivateGatewayRow, infrastructure.private_gateway),
    "listVlanIpRanges": (range_rows.VlanRangeRow, infrastructure.vlan_range),
    "listNetworks": (rows.NetworkRow, machines.network),
    "listVirtualMachines": (rows.InstanceRow, machines.instance),
    "listRouters": (rows.RouterRow, machines.router),
    "listImageStores": (storage_rows.ImageStoreRow, infrastructure.image_store),
    "listTemplates": (storage_rows.TemplateRow, machines.template),
    "listManagementServers": (rows.ManagementServerRow, infrastructure.management_server),
}
odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.lists(st.text() | st.dictionaries(st.text(), st.text()))
)


@pytest.mark.parametrize("command", sorted(MAKERS))
@given(data=st.data())
def test_odd_values_give_an_object_or_a_skipped_row(command: str, data: st.DataObject) -> None:
    """Any value in any field is read as an object or skipped; no row of any content raises."""
    kind, make = MAKERS[command]
    original = ROWS[command][0]
    changed = {name: data.draw(odd) for name in data.draw(st.sets(st.sampled_from(sorted(original)), max_size=4))}
    body = json.dumps({"r": {"x": [{**original, **changed}]}}).encode()
    page = read_page(200, body, kind, encoded=False, listed=None)
    assert len(page.rows) + page.skipped == 1
    for found in page.rows:
        assert make(found).id == found.id  # type: ignore[operator]
