"""NICs in use: the question's text over laid out sysfs trees, its reader on real and constructed facts."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.nic_counters import COUNTERS_KEPT, NIC_COUNTERS, NicCounters, read_counters
from exporter.questions.hosts.nics import NICS, NicFacts, read_nics
from tests.remote_texts import Machine, sample, shells

WORDS = st.sampled_from([
    "= nic eth1", "= speed 25000", "= speed -1", "= duplex full", "= carrier_changes \u0663", "= ethtool -S",
    "= ethtool -k", "large-receive-offload: on", "rx_crc_errors: 9", "rx_crc_errors: x", "= end", "= ", "driver: x",
])  # fmt: skip
TOOL = """case $1 in
-i) cat <<'END'
{about}
END
;;
-k) cat <<'END'
{features}
END
;;
-S) cat <<'END'
{counters}
END
;;
esac
"""


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with lo, a bond, a NIC in it, one below a VLAN device and one that nothing uses."""
    machine = Machine.at(tmp_path)
    net = machine.root / "sys/class/net"
    for name in ("lo", "bond0", "eth0.100"):
        (net / name).mkdir(parents=True)
    machine.file("/sys/class/net/bonding_masters", "bond0\n")
    for number, name in enumerate(("eth0", "eth1", "eth2")):
        device = machine.root / f"sys/devices/pci0000:00/0000:00:0{number}.0"
        device.mkdir(parents=True)
        (device / "vendor").write_text("0x8086\n")
        (device / "device").write_text("0x158b\n")
        driver = machine.root / "sys/bus/pci/drivers/i40e"
        driver.mkdir(parents=True, exist_ok=True)
        (device / "driver").symlink_to(driver)
        (net / name).mkdir()
        (net / name / "device").symlink_to(device)
        (net / name / "speed").write_text("25000\n")
        (net / name / "duplex").write_text("full\n")
        (net / name / "carrier_changes").write_text(f"{number}\n")
    (net / "eth1/master").symlink_to(net / "bond0")
    (net / "eth0/upper_eth0.100").symlink_to(net / "eth0.100")
    return machine


def with_ethtool(machine: Machine, features: str = "ethtool-k-virtio", counters: str = "ethtool-S-virtio") -> None:
    """Give the machine an ethtool that prints samples."""
    parts = {"about": "ethtool-i-virtio", "features": features, "counters": counters}
    machine.file_tool("ethtool", TOOL.format(**{key: sample("links", name) for key, name in parts.items()}))


def test_only_nics_in_use_are_told(machine: Machine, shell: str) -> None:
    """One in a bond and one below a VLAN device; neither bonds nor lo nor a NIC that nothing uses."""
    with_ethtool(machine)
    found = machine.read(NICS, shell=shell)
    assert list(found) == ["eth0", "eth1"]
    assert found["eth1"] == NicFacts(
        name="eth1",
        driver="i40e",
        driver_version="1.0.0",
        bus="0000:00:01.0",
        pci_id="8086:158b",
        is_asked=True,
        offloads={
            "tcp-segmentation-offload": True,
            "generic-receive-offload": True,
            "large-receive-offload": False,
            "rx-vlan-offload": False,
            "tx-vlan-offload": False,
            "rx-vlan-filter": False,
        },
    )
    counted = machine.read(NIC_COUNTERS, shell=shell)
    assert list(counted) == ["eth0", "eth1"]
    assert counted["eth1"] == NicCounters(
        name="eth1",
        pci_id="8086:158b",
        speed=25000,
        duplex="full",
        carrier_changes=1,
        errors={"tx_tx_timeouts": 0, "tx0_tx_timeouts": 0},
        is_asked=True,
    )


def test_without_ethtool_the_facts_of_sysfs_stay(machine: Machine) -> None:
    """What only ethtool tells is empty; the driver is where a link leads."""
    (machine.root / "sys/class/net/eth0/upper_eth0.100").unlink()
    path = _basics(machine)
    code, output = machine.ask(NICS, path=path)
    assert code == 0
    assert read_nics(output) == {"eth1": NicFacts(name="eth1", driver="i40e", bus="0000:00:01.0", pci_id="8086:158b")}
    code, output = machine.ask(NIC_COUNTERS, path=path)
    assert code == 0
    assert read_counters(output) == {
        "eth1": NicCounters(name="eth1", pci_id="8086:158b", speed=25000, duplex="full", carrier_changes=1)
    }


def _basics(machine: Machine) -> str:
    """Return a PATH with a shell and grep, and without ethtool."""
    folder = machine.root / "basics"
    folder.mkdir()
    for name in ("dash", "grep"):
        (folder / name).symlink_to(f"/bin/{name}")
    return str(folder)


def test_a_nic_that_is_down(machine: Machine, shell: str) -> None:
    """Reading its speed is an error, or -1; both are no speed."""
    (machine.root / "sys/class/net/eth0/speed").unlink()
    (machine.root / "sys/class/net/eth1/speed").write_text("-1\n")
    (machine.root / "sys/class/net/eth1/duplex").write_text("unknown\n")
    found = machine.read(NIC_COUNTERS, shell=shell)
    assert [(nic.speed, nic.duplex) for nic in found.values()] == [(None, "full"), (None, "")]


def with_cards(machine: Machine, cards: int, ports: int) -> Path:
    """Give the machine cards of several ports in a bond, and an ethtool that notes what it is asked."""
    net = machine.root / "sys/class/net"
    (net / "eth0/upper_eth0.100").unlink()
    (net / "eth1/master").unlink()
    for card in range(1, cards + 1):
        for number in range(ports):
            name, device = f"ens{card}f{number}", machine.root / f"sys/devices/pci0000:00/0000:0{card}:00.{number}"
            device.mkdir()
            (net / name).mkdir()
            (net / name / "device").symlink_to(device)
            (net / name / "master").symlink_to(net / "bond0")
    log = machine.root / "log"
    said = "echo 'firmware-version: 1.2'; echo 'large-receive-offload: on'; echo 'rx_crc_errors: 3'\n"
    machine.file_tool("ethtool", f"echo \"$*\" >>'{log}'\n{said}")
    return log


def test_four_ports_are_told_in_full(machine: Machine, shell: str) -> None:
    """By ten processes: the ports of one card have one firmware."""
    log = with_cards(machine, 2, 2)
    found, counted = machine.read(NICS, shell=shell), machine.read(NIC_COUNTERS, shell=shell)
    assert {(nic.firmware, nic.offloads["large-receive-offload"], nic.is_asked) for nic in found.values()} == {
        ("1.2", True, True)
    }
    assert {(nic.errors["rx_crc_errors"], nic.is_asked) for nic in counted.values()} == {(3, True)}
    assert list(found) == list(counted) == ["ens1f0", "ens1f1", "ens2f0", "ens2f1"]
    first, second = (["-k ens1f0", "-i ens1f0", "-k ens1f1"], ["-k ens2f0", "-i ens2f0", "-k ens2f1"])
    assert log.read_text().splitlines() == [*first, *second, *(f"-S {name}" for name in found)]


@pytest.mark.parametrize(
    ("sign", "features", "counters"),
    [("var/run/libvirt", 3, 6), ("sys/class/net/ovs-system", 1, 3), ("var/run/openvswitch/db.sock", 1, 3)],
)
def test_eight_ports_are_told_in_part(machine: Machine, shell: str, sign: str, features: int, counters: int) -> None:
    """Both kinds get their share of ten calls, five beside Open vSwitch; which NICs were not asked is said."""
    log = with_cards(machine, 2, 4)
    (machine.root / sign).mkdir(parents=True)
    found, counted = machine.read(NICS, shell=shell), machine.read(NIC_COUNTERS, shell=shell)
    assert len(found) == len(counted) == 8
    assert [nic.is_asked for nic in found.values()] == [True] * features + [False] * (8 - features)
    assert [nic.is_asked for nic in counted.values()] == [True] * counters + [False] * (8 - counters)
    assert sum("large-receive-offload" in nic.offloads for nic in found.values()) == features
    assert sum("rx_crc_errors" in nic.errors for nic in counted.values()) == counters
    assert len(log.read_text().splitlines()) == features + 1 + counters


def test_sixteen_nics_are_told(machine: Machine, shell: str) -> None:
    """Of more none is."""
    with_cards(machine, 5, 4)
    assert len(machine.read(NICS, shell=shell)) == len(machine.read(NIC_COUNTERS, shell=shell)) == 16


def test_counters_and_features_that_are_kept(machine: Machine) -> None:
    """Those that tell of bad frames, broadcast and multicast; neither queues nor what is well."""
    with_ethtool(machine, "ethtool-k-lro.constructed", "ethtool-S-i40e.constructed")
    assert machine.read(NICS)["eth1"].offloads["large-receive-offload"] is True
    assert machine.read(NIC_COUNTERS)["eth1"].errors == {
        "rx_dropped": 17,
        "rx_length_errors": 0,
        "rx_crc_errors": 3,
        "rx_multicast": 4711,
        "rx_broadcast": 815,
        "port.rx_crc_errors": 3,
        "port.rx_symbol_errors": 9,
    }


def test_counters_of_broadcom(machine: Machine) -> None:
    """Broadcasts and multicasts are bcast and mcast; bytes are no frames, and a queue's share is not told."""
    with_ethtool(machine, counters="ethtool-S-bnxt.constructed")
    assert machine.read(NIC_COUNTERS)["eth1"].errors == {
        "rx_mcast_packets": 4711,
        "rx_bcast_packets": 815,
        "rx_bcast_frames": 814,
        "rx_fcs_err_frames": 2,
    }


def test_a_driver_that_is_refused_or_knows_nothing(machine: Machine, shell: str) -> None:
    """Messages on standard error are not taken for facts."""
    machine.file_tool("ethtool", "echo 'no stats available' >&2; exit 94\n")
    nic = machine.read(NICS, shell=shell)["eth1"]
    assert (nic.driver, nic.firmware, nic.offloads) == ("i40e", "", {})
    assert machine.read(NIC_COUNTERS, shell=shell)["eth1"].errors == {}


def test_a_kernel_without_sysfs(tmp_path: Path, shell: str) -> None:
    """That is a reason, not a host without NICs."""
    machine = Machine.at(tmp_path)
    for question in (NICS, NIC_COUNTERS):
        code, _ = machine.ask(question, shell=shell)
        assert code != 0


def test_no_nic_in_use_is_an_answer() -> None:
    """A host whose NICs are all free."""
    assert read_nics("= end\n") == {}
    assert read_counters("= end\n") == {}


def test_a_driver_with_thousands_of_counters() -> None:
    """A bounded number is kept."""
    lines = "".join(f"     rx_queue_{number}_crc_err: 1\n" for number in range(5000))
    (nic,) = read_counters(f"= nic eth1\n= ethtool -S\n{lines}= end\n").values()
    assert len(nic.errors) == COUNTERS_KEPT


@pytest.mark.parametrize("text", ["", "= nic eth1\n= speed 25000\n", "hello\n= end\n", "= nic eth1\nspeed\n= end\n"])
def test_what_is_cut_or_no_fact_is_unreadable(text: str) -> None:
    """Garbage never becomes a NIC."""
    with pytest.raises(UnreadableError):
        read_nics(text)
    with pytest.raises(UnreadableError):
        read_counters(text)


@given(text=st.text() | st.lists(WORDS).map(lambda words: "\n".join([*words, "= end"])))
def test_garbage(text: str) -> None:
    """Whatever comes back, the reader returns or raises UnreadableError."""
    try:
        found, counted = read_nics(text), read_counters(text)
    except UnreadableError:
        return
    assert isinstance(found, MappingProxyType)
    assert all(nic.speed is None or nic.speed > 0 for nic in counted.values())
