"""What CloudStack's schema lacked in older releases."""

from __future__ import annotations

from collections.abc import Mapping

OLDER: Mapping[str, frozenset[str]] = {
    "4.9": frozenset(
        {"data_center.type", "user_ip_address.forsystemvms", "user_ip_address.for_router", "op_ha_work.reason",
         "vlan.ip4_range", "host.arch", "host.last_mgmt_server_id", "networks.public_mtu", "networks.private_mtu"}
    ),
    "4.11": frozenset(
        {"data_center.type", "user_ip_address.for_router", "op_ha_work.reason", "vlan.ip4_range", "host.arch",
         "host.last_mgmt_server_id", "networks.public_mtu", "networks.private_mtu", "nics.mtu"}
    ),
    "4.18": frozenset({"user_ip_address.for_router", "op_ha_work.reason", "host.arch", "host.last_mgmt_server_id"}),
}  # fmt: skip
"""Columns that came later, by release."""
