"""Management servers of one name are told apart."""

from __future__ import annotations

from exporter.cloud.objects import ManagementServer
from exporter.inventory.infrastructure import servers_apart


def test_a_server_that_was_installed_anew() -> None:
    """Its former row stays, Down and of the same name: neither hides the other's series. Others keep their names."""
    told = [("a", "mgmt", "Up"), ("b", "mgmt", "Down"), ("c", "other", "Up"), ("d", "", "Up")]
    found = servers_apart([ManagementServer(*one, "10.0.0.1") for one in told])
    assert [one.name for one in found] == ["mgmt (a)", "mgmt (b)", "other", ""]
    assert [(one.id, one.state) for one in found] == [(one, state) for one, _, state in told]
