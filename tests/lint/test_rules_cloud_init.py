"""Whether cloud-init is started: by the links of systemd, as its packages make them, and as people take them away."""

from __future__ import annotations

import pytest

from tests.lint.dict_files import Link, Tree, broken

SSH_KEY = "/etc/ssh/ssh_host_ed25519_key"
CLOUD_INIT = {"/usr/bin/cloud-init": "#!/usr/bin/python3\n"}
UNIT, TARGET = "/lib/systemd/system/cloud-init.service", "/lib/systemd/system/cloud-init.target"
UNITS: Tree = {**CLOUD_INIT, UNIT: "[Install]\nWantedBy=cloud-init.target\n", TARGET: "[Unit]\n"}
NEWER: Tree = {**CLOUD_INIT, "/usr/lib/systemd/system/cloud-init-network.service": "[Unit]\n"}
ENABLED = "/etc/systemd/system/cloud-init.target.wants"


@pytest.mark.parametrize(
    "link",
    [
        f"{ENABLED}/cloud-init.service",
        "/etc/systemd/system/multi-user.target.wants/cloud-init.service",
        "/lib/systemd/system/cloud-init.target.wants/cloud-init.service",
        "/usr/lib/systemd/system/default.target.requires/cloud-init.service",
    ],
)
async def test_cloud_init_that_systemd_starts(link: str) -> None:
    """As its packages enable it (Debian's postinst, Red Hat's presets), or whoever made the image."""
    found = await broken({**UNITS, link: Link(UNIT), SSH_KEY: "x"}, password_enabled=True)
    assert set(found) == {"host_keys_renewed"}


async def test_cloud_init_since_24_3_has_another_unit() -> None:
    """The unit that fetches the data is called cloud-init-network.service."""
    linked = {**NEWER, f"{ENABLED}/cloud-init-network.service": Link("/usr/lib/systemd/system/x")}
    assert set(await broken({**linked, SSH_KEY: "x"}, password_enabled=True)) == {"host_keys_renewed"}
    found = await broken({**NEWER, SSH_KEY: "x"}, password_enabled=True)
    assert found["password_service_missing"] == ["unknown"]


@pytest.mark.parametrize("unit", ["cloud-init.service", "cloud-init.target"])
async def test_cloud_init_that_is_masked(unit: str) -> None:
    """It is off, whatever is linked."""
    masked = {f"/etc/systemd/system/{unit}": Link("/dev/null"), f"{ENABLED}/cloud-init.service": Link(UNIT)}
    found = await broken({**UNITS, **masked, SSH_KEY: "x"}, password_enabled=True)
    assert set(found) == {"host_keys", "password_service_missing"}


async def test_cloud_init_that_nothing_is_seen_to_start_leaves_open_what_rests_on_it() -> None:
    """``systemctl disable`` takes the links away; a first boot may bring them back by its presets."""
    others = {f"{ENABLED}/cloud-init-local.service": Link("/lib/systemd/system/cloud-init-local.service")}
    found = await broken({**UNITS, **others, SSH_KEY: "x"}, password_enabled=True)
    assert found["host_keys"] == found["host_keys_renewed"] == found["password_service_missing"] == ["unknown"]
