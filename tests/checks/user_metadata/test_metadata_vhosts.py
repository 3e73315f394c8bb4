"""The verdict on virtual hosts."""

from __future__ import annotations

from exporter.checks.user_metadata.metadata_vhosts import judge
from exporter.model import Sample
from exporter.questions.routers.metadata import METADATA_VHOSTS, read_virtual_hosts
from exporter.questions.routers.state import Role
from tests.checks.user_metadata import scene

ROUTER = scene.router()
GOOD = "a:<VirtualHost 10.1.1.1:80>\na:Listen 10.1.1.1:80\n"


def verdict(text: str, **fields: object) -> list[Sample]:
    """Return the samples for these configuration lines."""
    values = {METADATA_VHOSTS: read_virtual_hosts(text)}
    return scene.judged(judge, ROUTER, scene.cloud(ROUTER), values, **fields)  # type: ignore[arg-type]


def test_a_configured_address() -> None:
    """Socket and virtual host are there."""
    assert scene.values_of(verdict(GOOD, looks=1)) == {("vhost_up", "r-4-VM", "10.1.1.1"): 1}


def test_half_a_configuration_is_none() -> None:
    """A socket without a host, a host without a socket, another address."""
    for text in ("a:Listen 10.1.1.1:80", "a:<VirtualHost 10.1.1.1:80>", GOOD.replace("10.1.1.1", "10.1.1.2"), ""):
        (found,) = verdict(text)
        assert (found.value, found.seen) == (0, "no Listen or no <VirtualHost> for 10.1.1.1")


def test_the_template_was_not_filled_in() -> None:
    """The ports of the template are named."""
    (found,) = verdict("a:<VirtualHost 10.1.1.1:8180>\na:Listen 10.1.1.1:8180\na:Listen 10.1.1.1:8443")
    assert (found.value, found.seen) == (0, "3 lines with the template's ports 8180 and 8443")


def test_a_new_tier_waits_for_the_second_look() -> None:
    """Between CloudStack's word and the router's configuration there may be a minute."""
    assert verdict("", looks=1) == []


def test_both_addresses_of_a_primary() -> None:
    """The virtual host of a redundant router names the shared address beside its own."""
    router = scene.router(is_redundant=True, nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),))
    text = "a:<VirtualHost 10.1.1.5:80 10.1.1.1:80>\na:Listen 10.1.1.5:80\na:Listen 10.1.1.1:80\n"
    values = {METADATA_VHOSTS: read_virtual_hosts(text)}
    found = scene.judged(judge, router, scene.cloud(router), values, role=Role.PRIMARY)
    assert scene.values_of(found) == {("vhost_up", "r-4-VM", "10.1.1.1"): 1}
