"""A lab starts with its faults, ends without leftovers, stands beside others, and copies routers at scale."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from pathlib import Path

import pytest
import yaml

from exporter.lab import Lab, Options
from exporter.lab.__main__ import options
from exporter.questions import wrapper
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES
from exporter.questions.routers.password import PASSWORD_PENDING
from exporter.questions.routers.state import ROUTER_ADDRESSES

NONCE = "fedcba9876543210"


def is_open(address: str, port: int) -> bool:
    """Return whether somebody listens there."""
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex((address, port)) == 0


async def _fail_inside(lab: Lab) -> None:
    """Start, see that it runs, and fail."""
    async with lab:
        assert lab.folder.is_dir()
        assert is_open("127.0.0.1", lab.ports.api)
        message = "on purpose"
        raise RuntimeError(message)


async def test_nothing_is_left_behind() -> None:
    """Folder, ports and tasks are gone; also when the body fails."""
    tasks = asyncio.all_tasks()
    lab = Lab()
    with pytest.raises(RuntimeError, match="on purpose"):
        await _fail_inside(lab)
    ports = lab.ports
    assert not lab.folder.exists()
    places = [("127.0.0.1", ports.api), ("127.0.0.1", ports.control), ("127.1.0.1", ports.ssh)]
    places += [("127.2.1.10", ports.console_https), ("127.16.5.1", ports.password)]
    assert [place for place in places if is_open(*place)] == []
    deadline = asyncio.get_running_loop().time() + 5
    while asyncio.all_tasks() - tasks and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
    assert asyncio.all_tasks() - tasks == set()


async def test_two_labs_stand_side_by_side() -> None:
    """Tests run in parallel: each lab takes a block of ports of its own."""
    async with Lab() as one, Lab() as other:
        assert one.ports.api != other.ports.api
        assert one.folder != other.folder


async def test_a_block_that_is_taken_is_an_error() -> None:
    """Two labs on one address would answer for each other."""
    async with Lab() as lab:
        with pytest.raises(OSError, match="no free block"):
            await Lab(Options(port=lab.ports.claim)).__aenter__()


async def test_faults_from_the_start() -> None:
    """The demo begins with something to see."""
    async with Lab(Options(faults=("console_port_closed",))) as lab:
        assert lab.on == ["console_port_closed"]
        assert not is_open("127.2.1.10", lab.ports.console_https)
        await lab.set("console_port_closed", on=False)
        assert is_open("127.2.1.10", lab.ports.console_https)


async def test_an_unknown_fault_from_the_start_is_refused() -> None:
    """Before anything is opened."""
    with pytest.raises(KeyError):
        Lab(Options(faults=("nosuch",)))


async def test_the_configuration_is_on_disk() -> None:
    """What the exporter needs, with files that exist and are for their owner alone where they are secret."""
    async with Lab() as lab:
        written = yaml.safe_load(lab.config_file.read_text())
        assert written == lab.config
        files = [value for section in written.values() for key, value in section.items() if key.endswith("_file")]
        assert len(files) == 5
        assert all(Path(file).exists() for file in files)


async def test_consoles_show_a_chain_that_the_lab_ca_signs() -> None:
    """Verified with the lab's CA alone, by the name that the domain makes of the address."""
    async with Lab() as lab:
        context = ssl.create_default_context(cafile=lab.config["console"]["ca_file"])
        name = "127-2-1-10.console.lab.example"
        reader, writer = await asyncio.open_connection(
            "127.2.1.10", lab.ports.console_https, ssl=context, server_hostname=name
        )
        writer.write(b"GET /resource/noVNC/vnc.html HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        writer.close()
        await lab.set("console_chain_incomplete", on=True)
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.2.1.10", lab.ports.console_https, ssl=context, server_hostname=name)


async def _asked(lab: Lab, number: int, *questions: str) -> dict[str, str]:
    """Return the sections that a router answers, through the lab's own runner."""
    router = lab.world.router(number)
    words = [wrapper.version(), NONCE, "hop", router.name, router.control, "modern", "20", *questions]
    out = await lab._runner.copied(router.host, words)
    assert out is not None
    pattern = rf"@@ {NONCE} begin (\w+)\n(.*?)\n@@ {NONCE} end \1 0\n"
    return dict(re.findall(pattern, out.decode(), re.DOTALL))


async def test_copies_answer_in_their_own_words() -> None:
    """Names, addresses and ids of a copy are its own; nothing of the model or another copy shines through."""
    async with Lab(Options(hosts=200, routers=400, vms_per_network=3)) as lab:
        for number in (100, 101, 102, 389):
            router = lab.world.router(number)
            port = lab.ports.password
            place = f"{router.guest_nics[0].address}@{port}"
            answers = await _asked(
                lab, number, "router_addresses", "metadata_instances", "password_pending", f"password_probe:{place}"
            )
            own = {nic.address for nic in router.nics} | {"127.0.0.1"}
            assert {one.address for one in ROUTER_ADDRESSES.read(answers["router_addresses"])} == own
            served = {instance.nic.address: instance.id for instance in lab.world.served(router)}
            held = METADATA_INSTANCES.read(answers["metadata_instances"])
            assert {address: data.vm_id for address, data in held.items()} == served
            assert PASSWORD_PENDING.read(answers["password_pending"])
            assert answers["password_probe"].startswith(f"{router.guest_nics[0].address} ")
            assert "model" not in "".join(answers.values())
            assert "127.15." not in "".join(answers.values())


async def test_no_fault_reaches_the_models() -> None:
    """One broken router must not break the four hundred that copy its kind."""
    async with Lab(Options(routers=20, faults=("password_daemon_dead", "metadata_http_500"))) as lab:
        router = lab.world.router(100)
        assert router.era == lab.world.router(4).era
        place = f"{router.guest_nics[0].address}@{lab.ports.password}"
        answers = await _asked(lab, 100, f"password_probe:{place}")
        assert answers["password_probe"].strip() == f"{router.guest_nics[0].address} unsupported_method"


def test_the_command_line_makes_options() -> None:
    """Sizes, port, mode and faults."""
    given = ["--hosts", "10", "--routers", "20", "--mode", "root", "--port", "15000", "--fault", "api_down"]
    chosen = options(given)
    assert chosen == Options(hosts=10, routers=20, mode="root", port=15000, faults=("api_down",), database=True)
    assert options([]) == Options(database=True)
    assert options(["--no-database"]) == Options()


@pytest.mark.parametrize("arguments", [["--hosts", "1"], ["--fault", "nosuch"], ["--mode", "telnet"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And a message that names what is wrong."""
    with pytest.raises(SystemExit) as ended:
        options(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
