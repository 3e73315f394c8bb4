"""The texts about metadata over files and stub tools, in every shell that routers have."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.cloud.targets import RouterTarget
from exporter.model import Ports, Question
from exporter.questions.routers.metadata import (
    METADATA_HTTP,
    METADATA_RULES,
    METADATA_VHOSTS,
    METADATA_WEB_SERVER,
    RewriteRules,
    WebServer,
)
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData
from exporter.questions.routers.metadata_name import METADATA_NAME, DataServer, NameAnswer
from tests.checks.user_metadata import scene
from tests.remote_texts import Machine, sample, shells

ADDRESSES = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.1.1.1/24 scope global eth0"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def test_rules(machine: Machine, shell: str) -> None:
    """The shipped file has rules; one that is missing, empty or without engine has none that work."""
    assert machine.read(METADATA_RULES, shell=shell) == RewriteRules(has_file=False)
    tree = sample("metadata", "metadata.tree").partition("## /var/www/html/latest/.htaccess\n")[2]
    machine.file("/var/www/html/latest/.htaccess", tree.partition("## ")[0])
    assert machine.read(METADATA_RULES, shell=shell) == RewriteRules(has_file=True, is_on=True, count=4)
    machine.file("/var/www/html/latest/.htaccess")
    assert machine.read(METADATA_RULES, shell=shell) == RewriteRules(has_file=True)
    old = "RewriteRule ^meta-data/$ ../metadata/%{REMOTE_ADDR}/meta-data [L,NC,QSA]\n"
    machine.file("/var/www/html/latest/.htaccess", old)
    assert machine.read(METADATA_RULES, shell=shell) == RewriteRules(has_file=True, is_on=False, count=1)


def test_virtual_hosts_wherever_an_era_keeps_them(machine: Machine, shell: str) -> None:
    """sites-enabled, conf.d and ports.conf are read; other lines and other directories are not."""
    machine.file("/etc/apache2/ports.conf", "# Listen 1\nListen 10.1.1.1:80\n<IfModule mod_ssl.c>\n    Listen 443\n")
    machine.file("/etc/apache2/sites-enabled/default", "<VirtualHost 10.1.1.1:80>\nListenBacklog 5\n</VirtualHost>\n")
    machine.file("/etc/apache2/conf.d/vhosteth2.conf", "Listen 10.2.2.1:80\n\t<VirtualHost 10.2.2.1:80>\n")
    machine.file("/etc/apache2/sites-available/old", "Listen 10.3.3.1:80\n<VirtualHost 10.3.3.1:80>\n")
    hosts = machine.read(METADATA_VHOSTS, shell=shell)
    assert hosts.listens == {("10.1.1.1", 80), ("*", 443), ("10.2.2.1", 80)}
    assert hosts.hosts == {("10.1.1.1", 80), ("10.2.2.1", 80)}


def test_a_router_without_any_virtual_host(machine: Machine, shell: str) -> None:
    """Era C deletes ports.conf: no file at all is an answer; no configuration directory is not."""
    assert machine.ask(METADATA_VHOSTS, shell=shell)[0] == 127
    machine.file("/etc/apache2/vhost.template", "Listen 10.1.1.1:8180\n")
    hosts = machine.read(METADATA_VHOSTS, shell=shell)
    assert (hosts.listens, hosts.hosts) == (frozenset(), frozenset())


def test_web_server_with_and_without_systemd(machine: Machine) -> None:
    """systemctl is asked only where systemd runs the router; processes are counted by name."""
    machine.tool("ps", "-eo comm", "COMMAND\nsystemd\napache2\napache2\nnot-apache2\nsshd")
    machine.tool("systemctl", "is-active apache2.service", "failed", code=3)
    assert machine.read(METADATA_WEB_SERVER) == WebServer("", 2)
    machine.file("/run/systemd/system/x")
    assert machine.read(METADATA_WEB_SERVER) == WebServer("failed", 2)


def test_a_process_list_that_fails(machine: Machine) -> None:
    """A ps that cannot say does not count as no process."""
    machine.tool("ps", "-eo comm", "error: /proc must be mounted", code=47)
    assert machine.ask(METADATA_WEB_SERVER)[0] == 47


def test_instances_as_files_lie(machine: Machine, shell: str) -> None:
    """Identity is read, also without a newline; user data only by name; a new router has neither folder."""
    assert machine.read(METADATA_INSTANCES, shell=shell) == {}
    machine.file("/var/www/html/index.html")
    assert machine.read(METADATA_INSTANCES, shell=shell) == {}
    machine.file("/var/www/html/metadata/10.1.1.10/vm-id", scene.UUID)
    machine.file("/var/www/html/metadata/10.1.1.10/.htaccess", "Deny from all")
    machine.file("/var/www/html/metadata/10.1.1.11/vm-id", "")
    machine.file("/var/www/html/metadata/10.1.1.11/.htaccess", "Deny from all")
    machine.file("/var/www/html/metadata/10.1.1.12/local-ipv4", "10.1.1.12")
    assert machine.read(METADATA_INSTANCES, shell=shell) == {
        "10.1.1.10": InstanceData(vm_id=scene.UUID),
        "10.1.1.11": InstanceData(),
    }
    machine.file("/var/www/html/userdata/10.1.1.10/user-data", "secret")
    data = machine.read(METADATA_INSTANCES, shell=shell)
    assert data["10.1.1.10"] == InstanceData(vm_id=scene.UUID, has_user_data=True, is_exposed=True)


def test_a_tree_that_cannot_be_read_is_not_empty(machine: Machine) -> None:
    """A find that fails fails the question: instances are not reported as incomplete for it."""
    machine.file("/var/www/html/metadata/10.1.1.10/vm-id", scene.UUID)
    machine.file_tool("find", "echo 'find: metadata: Input/output error'; exit 1\n")
    assert machine.ask(METADATA_INSTANCES)[0] == 1


@pytest.mark.parametrize("question", [METADATA_HTTP, METADATA_NAME])
def test_an_address_that_the_router_lacks_is_not_dialled(machine: Machine, shell: str, question: Question[str]) -> None:
    """It could be another machine's: the primary's, seen from the backup. A longer address is another one."""
    machine.file("/etc/hosts", "127.0.0.1\tlocalhost\n# 10.9.9.9 data-server\n10.1.1.1\tr-4-VM data-server\n")
    machine.tool("ip", "-o -4 addr show", ADDRESSES)
    machine.file_tool("bash", "echo dialled; exit 1\n")
    code, output = machine.ask(question, "10.1.1.9@80", "0.1.1.1@80", "10.1.1.1@80", shell=shell)
    assert code == 0
    lines = [line for line in output.splitlines() if "10.1.1.1@80" not in line and not line.startswith("hosts")]
    assert len(lines) > 1
    assert all(line.endswith(" absent") for line in lines)


def test_the_hosts_file(machine: Machine, shell: str) -> None:
    """Only entries of the very name count."""
    machine.file("/etc/hosts", "#10.9.9.9 data-server\n10.1.1.1\tr-4-VM data-server\n10.1.1.2 no-data-server\n")
    machine.tool("ip", "-o -4 addr show", ADDRESSES)
    assert machine.read(METADATA_NAME, "10.1.1.9@53", shell=shell) == DataServer(
        ("10.1.1.1",), (NameAnswer("10.1.1.9", "absent"),)
    )


@pytest.mark.parametrize("question", [METADATA_HTTP, METADATA_NAME])
def test_without_ip_it_cannot_be_asked(machine: Machine, question: Question[str]) -> None:
    """A tool that fails is a reason, never a verdict."""
    machine.file("/etc/hosts")
    machine.tool("ip", "-o -4 addr show", "Cannot open netlink socket", code=1)
    assert machine.ask(question, "10.1.1.1@80")[0] == 1


def test_parameters() -> None:
    """A router is asked at its own addresses; a redundant one at the shared ones too, on the ports of the settings."""
    alone: RouterTarget = scene.target(scene.router())
    pair = scene.target(scene.router(is_redundant=True, nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),)))
    assert METADATA_HTTP.parameters
    assert METADATA_NAME.parameters
    assert METADATA_HTTP.parameters(alone, Ports()) == ("10.1.1.1@80",)
    assert METADATA_HTTP.parameters(pair, Ports(metadata=8180)) == ("10.1.1.5@8180", "10.1.1.1@8180")
    assert METADATA_NAME.parameters(alone, Ports(dns=5353)) == ("10.1.1.1@5353",)
