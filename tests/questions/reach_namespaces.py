"""Machines as network namespaces on one bridge, with real firewalls: what a question dials there really happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from exporter.model import Question
from tests.real_parts import require, require_root
from tests.remote_texts import Machine

ASKER = "10.77.0.1"
SERVE = """
import socket, sys, time
kept = [socket.create_server(("", int(port)), backlog=64) for port in sys.argv[1:]]
print("ready", flush=True)
sys.stdin.read()
"""
RULES = """\
table inet reach {{
    chain input {{
        type filter hook input priority 0
        tcp dport {{ {ports} }} {verdict}
    }}
}}
"""
FIREWALLS = {
    "accepts": "accept",
    "drops": "drop",
    "prohibits": "reject with icmpx type admin-prohibited",
    "resets": "reject with tcp reset",
}
"""What a machine does with what comes to its ports."""


def run(*command: str, told: str = "") -> None:
    subprocess.run(command, input=told, text=True, capture_output=True, check=True, timeout=20)


class Wires:
    """One machine that asks, and others around it; everything is gone when the block ends."""

    def __init__(self, stack: ExitStack, name: str) -> None:
        self._stack = stack
        self._name = name
        self.asker = self._made(0)
        run("ip", "-n", self.asker, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.asker, "address", "add", f"{ASKER}/24", "dev", "br0")
        run("ip", "-n", self.asker, "link", "set", "br0", "up")

    def _made(self, number: int) -> str:
        name = f"{self._name}{number}"
        run("ip", "netns", "add", name)
        self._stack.callback(run, "ip", "netns", "delete", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def machine(self, number: int, *ports: int, firewall: str = "accepts", closed: tuple[int, ...] = ()) -> str:
        """Add a machine that listens on ``ports`` and return its address; the firewall is before all its ports."""
        name, address = self._made(number), f"10.77.0.{number}"
        peer = ("peer", "name", "eth0", "netns", name)
        run("ip", "-n", self.asker, "link", "add", f"v{number}", "type", "veth", *peer)
        run("ip", "-n", self.asker, "link", "set", f"v{number}", "master", "br0", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        rules = RULES.format(ports=", ".join(map(str, (*ports, *closed))), verdict=FIREWALLS[firewall])
        run("ip", "netns", "exec", name, "nft", "-f", "-", told=rules)
        if ports:
            self._serve(name, ports)
        return address

    def _serve(self, name: str, ports: tuple[int, ...]) -> None:
        command = ["ip", "netns", "exec", name, "python3", "-c", SERVE, *map(str, ports)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert server.stdout is not None
        self._stack.callback(server.communicate)
        assert server.stdout.readline() == b"ready\n"

    def connected(self, address: str, port: int) -> None:
        """Let the asker hold a connection."""
        hold = f"exec 3<>/dev/tcp/{address}/{port} && echo ready && read -r nothing"
        command = ["ip", "netns", "exec", self.asker, "bash", "-c", hold]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert client.stdout is not None
        self._stack.callback(client.communicate)
        assert client.stdout.readline() == b"ready\n"

    def ask(self, machine: Machine, question: Question[Any], *words: str, shell: str = "dash") -> Any:
        """Return what the question's reader makes of its text, run where the asker is."""
        return machine.read(question, *words, shell=shell, before=("ip", "netns", "exec", self.asker))


@contextmanager
def wired(name: str) -> Iterator[Wires]:
    """Yield the machine that asks; ``name`` is short and this test's own."""
    require("ip", "nft", "bash", "ss")
    require_root("network namespaces need root")
    with ExitStack() as stack:
        yield Wires(stack, name)


def routes(machine: Machine, wires: Wires) -> None:
    """Give a pretended machine the true routes of the asker."""
    shown = subprocess.run(
        ["ip", "netns", "exec", wires.asker, "cat", "/proc/net/route"], capture_output=True, text=True, check=True
    )
    machine.file("proc/net/route", shown.stdout)
