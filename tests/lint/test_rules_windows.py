"""Rules about Windows, on constructed hives; each defect is its rule and no other."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.hive import Hive
from exporter.model import UnreadableError
from tests.lint import hives
from tests.lint.dict_files import Tree, broken

SYSTEM = "/Windows/System32/config/SYSTEM"
SOFTWARE = "/Windows/System32/config/SOFTWARE"
STATE = "/Windows/Setup/State/State.ini"
Keys = dict[str, Any]
RESEAL = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
TAG = {"/Windows/System32/Sysprep/Sysprep_succeeded.tag": ""}


def system(
    *, current: int = 1, state: int = 7, netkvm: Keys | None = None, nic: Keys | None = None, more: Keys | None = None
) -> bytes:
    """Return the hive of a machine that is well, with changes."""
    driver = {"netkvm": {"Start": 3}} if netkvm is None else netkvm
    interface = {"EnableDHCP": 1, "DhcpIPAddress": "10.1.1.7"} if nic is None else nic
    tcpip = {"Parameters": {"Interfaces": {"{4d36e972}": interface, "{other}": {}}}}
    tree: Keys = {
        "Select": {"Current": current},
        "Setup": {"Status": {"SysprepStatus": {"GeneralizationState": state, "CleanupState": 2}}},
        f"ControlSet{current:03d}": {"Services": {"Tcpip": tcpip, "Dhcp": {}, **driver, **(more or {})}},
    }  # fmt: skip
    return hives.hive(tree)


def software(state: str) -> bytes:
    return hives.hive({"Microsoft": {"Windows": {"CurrentVersion": {"Setup": {"State": {"ImageState": state}}}}}})


WELL: Tree = {SYSTEM: system(), SOFTWARE: software(RESEAL), **TAG}
DEFECTS: dict[str, tuple[Tree, bool, set[str]]] = {
    "well": (WELL, False, set()),
    "well by the small file": (
        {**WELL, SOFTWARE: "damaged", STATE: f"[State]\r\nImageState={RESEAL}\r\n"},
        False,
        set(),
    ),
    "another control set": ({**WELL, SYSTEM: system(current=2)}, False, set()),
    "not generalized": ({**WELL, SOFTWARE: software("IMAGE_STATE_COMPLETE")}, False, {"windows_not_generalized"}),
    "not generalized by the small file": (
        {**WELL, STATE: "[State]\nImageState=IMAGE_STATE_COMPLETE\n"},
        False,
        {"windows_not_generalized"},
    ),
    "unfinished": ({**WELL, SOFTWARE: software("IMAGE_STATE_UNDEPLOYABLE")}, False, {"windows_sysprep_unfinished"}),
    "in the middle": ({**WELL, SYSTEM: system(state=4)}, False, {"windows_sysprep_unfinished"}),
    "no tag": ({SYSTEM: system(), SOFTWARE: software(RESEAL)}, False, {"windows_sysprep_tag"}),
    "an answer file": ({**WELL, "/Windows/Panther/unattend.xml": "CANARY"}, False, {"windows_unattend"}),
    "no password service": (WELL, True, {"windows_password_service"}),
    "CloudStack's service": ({**WELL, SYSTEM: system(more={"CloudInstanceManager": {"Start": 2}})}, True, set()),
    "cloudbase-init": ({**WELL, SYSTEM: system(more={"cloudbase-init": {}})}, True, set()),
    "a static address": (
        {**WELL, SYSTEM: system(nic={"EnableDHCP": 0, "IPAddress": ("10.1.1.9",)})},
        False,
        {"windows_static_address"},
    ),
    "a NIC that was never set up": (
        {**WELL, SYSTEM: system(nic={"EnableDHCP": 0, "IPAddress": ("0.0.0.0",)})},
        False,
        set(),
    ),
    "no netkvm": ({**WELL, SYSTEM: system(netkvm={})}, False, {"windows_netkvm"}),
    "netkvm off": ({**WELL, SYSTEM: system(netkvm={"netkvm": {"Start": 4}})}, False, {"windows_netkvm"}),
    "netkvm at boot": ({**WELL, SYSTEM: system(netkvm={"NetKVM": {"start": 0}})}, False, set()),
}


@pytest.mark.parametrize("name", DEFECTS)
async def test_each_defect_of_windows_is_its_rule_and_no_other(name: str) -> None:
    """An answer file is told by its name alone."""
    tree, enabled, expected = DEFECTS[name]
    found = await broken(tree, system="windows", password_enabled=enabled)
    assert set(found) == expected
    assert "unknown" not in str(found)
    assert "CANARY" not in str(found)


async def test_what_is_about_kvm_is_not_said_of_other_images() -> None:
    """XenServer, Hyper-V and VMware have NICs of their own."""
    tree = {**WELL, SYSTEM: system(netkvm={})}
    assert await broken(tree, system="windows", form="vpc") == {}


async def test_a_registry_that_cannot_be_read_leaves_its_rules_open() -> None:
    """Cut in the middle, or not there."""
    raw = system()
    trees: tuple[Tree, ...] = ({**WELL, SYSTEM: raw[:4300]}, {**TAG, SOFTWARE: software(RESEAL)})
    for tree in trees:
        found = await broken(tree, system="windows", password_enabled=True)
        assert set(found) == {
            "windows_netkvm", "windows_password_service", "windows_static_address", "windows_sysprep_unfinished"
        }  # fmt: skip
        assert set(map(str, found.values())) == {"['unknown']"}


@pytest.mark.parametrize("kind", [b"lf", b"lh", b"li", b"ri"])
def test_lists_of_keys_of_every_kind(kind: bytes) -> None:
    """Windows of each age writes others."""
    tree: Keys = {f"Key{number}": {"Number": number, "Name": f"é{number}", "Raw": b"12345"} for number in range(9)}
    made = Hive(hives.hive({"Top": tree}, kind))
    assert [key.name for key in made.below("TOP")] == list(tree)
    assert made.value("top\\KEY7", "number") == 7
    assert made.value("top\\key7", "Name") == "é7"
    assert made.value("Top\\Key7", "Raw") == b"12345"
    nothing = (made.value("Top\\Key7", "none"), made.value("Top\\None", "x"), made.key("Top\\None"))
    assert nothing == (None, None, None)
    assert made.below("None") == ()


@given(st.data())
def test_whatever_a_hive_holds_it_is_read_or_refused(data: st.DataObject) -> None:
    """Bytes changed anywhere."""
    raw = bytearray(system())
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + 4] = data.draw(
            st.sampled_from((b"\xff\xff\xff\xff", b"\0\0\0\0", b"ri\1\0", b"\x20\0\0\0"))
        )
    made = Hive(bytes(raw))
    for path in ("Select", "ControlSet001\\Services\\Tcpip\\Parameters\\Interfaces", "Setup\\Status\\SysprepStatus"):
        with contextlib.suppress(UnreadableError):
            assert all(key.offset < len(raw) for key in made.below(path))
            assert made.value(path, "Current") is None or made.key(path) is not None
