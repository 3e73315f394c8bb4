"""Readers of what routers say of their metadata service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.routers.metadata import (
    HttpAnswer,
    RewriteRules,
    WebServer,
    read_http,
    read_rules,
    read_virtual_hosts,
    read_web_server,
)
from exporter.questions.routers.metadata_instances import InstanceData, read_instances
from exporter.questions.routers.metadata_name import QUERY_ID, NameAnswer, read_name

READERS: tuple[Callable[[str], Any], ...] = (
    read_http,
    read_rules,
    read_virtual_hosts,
    read_web_server,
    read_instances,
    read_name,
)
KNOWN = """10.1.1.1@80 / /latest/meta-data/ 404 refused timeout absent other on off missing ports.conf:Listen 443
a:<VirtualHost 10.1.1.1:80> _default_:443 [::]:80 state active processes 3 metadata/10.1.1.10/vm-id: 99.1.1.1@99999
userdata/10.1.1.10/user-data metadata/10.1.1.10/.htaccess hosts dns 4e58818000010001 ff 0a \u0663 : @
metadata/x/vm-id"""
WORDS = st.sampled_from([*KNOWN.split(), "\n", "metadata/10.1.1.10/vm-id:5c1f0f7a"])
TEXTS = st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map("".join)


@pytest.mark.parametrize("read", READERS)
@given(text=TEXTS)
def test_garbage_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Whatever comes back, a reader returns a value or raises UnreadableError, never anything else."""
    try:
        read(text)
    except UnreadableError:
        return


@given(packet=st.binary(min_size=12, max_size=200))
def test_any_packet_is_read_or_unreadable(packet: bytes) -> None:
    """Whatever a DNS server sends, alone or behind a good header, ends as a value or as UnreadableError."""
    for wire in (packet, b"NX\x81\x80\0\1\0\1\0\0\0\0" + packet):
        try:
            read_name(f"dns 10.1.1.1@53 {wire.hex()}")
        except UnreadableError:
            continue


@pytest.mark.parametrize("read", [read_rules, read_web_server])
def test_an_empty_answer_is_unreadable(read: Callable[[str], Any]) -> None:
    """These always have something to say."""
    with pytest.raises(UnreadableError):
        read("")


def test_http_answers() -> None:
    """Each line is an address, a path and a status or the word for its lack."""
    text = "10.1.1.1@80 / 403\n10.1.1.1@80 /latest/meta-data/ 404\n10.2.2.1@8080 / refused\n"
    assert read_http(text) == (
        HttpAnswer("10.1.1.1", "/", 403),
        HttpAnswer("10.1.1.1", "/latest/meta-data/", 404),
        HttpAnswer("10.2.2.1", "/", None, "refused"),
    )
    assert read_http("") == ()


@pytest.mark.parametrize(
    "text", ["10.1.1.1@80 / 999", "10.1.1.1@80 /x 200", "10.1.1.1 / 200", "10.1.1.999@80 / 200", "10.1.1.1@80 / no"]
)
def test_http_answers_that_are_unreadable(text: str) -> None:
    """A status that HTTP does not have, another path, no port, no address, another word."""
    with pytest.raises(UnreadableError):
        read_http(text)


def test_rules() -> None:
    """Rules work only where the engine is switched on."""
    assert read_rules("on 4\n").effective == 4
    assert read_rules("off 4\n") == RewriteRules(has_file=True, is_on=False, count=4)
    assert read_rules("off 4\n").effective == 0
    assert not read_rules("missing\n").has_file


VHOST_C = """/dev/null:Listen 10.9.9.9:80
sites-enabled/vhost-10.1.1.1.conf:<VirtualHost 10.1.1.1:80>
sites-enabled/vhost-10.1.1.1.conf:\t<VirtualHost 10.1.1.1:443>
sites-enabled/vhost-10.1.1.1.conf:Listen 10.1.1.1:80
sites-enabled/vhost-10.1.1.1.conf:    Listen 10.1.1.1:443
"""
VHOST_REDUNDANT = "a:<VirtualHost 10.1.1.5:80 10.1.1.1:80>\na:Listen 10.1.1.5:80\na:Listen 10.1.1.1:80\n"
VHOST_A = "ports.conf:NameVirtualHost *:80\n"


def test_virtual_hosts_of_each_era() -> None:
    """C has one file an address, redundant routers two addresses in it, A general ones or the address."""
    assert read_virtual_hosts(VHOST_C).is_served("10.1.1.1")
    assert not read_virtual_hosts(VHOST_C).is_served("10.9.9.9")
    both = read_virtual_hosts(VHOST_REDUNDANT)
    assert both.is_served("10.1.1.1")
    assert both.is_served("10.1.1.5")
    for text in ("p:Listen 80\ns:<VirtualHost *:80>", "p:listen 0.0.0.0:80\ns:<virtualhost _default_:80>"):
        assert read_virtual_hosts(text).is_served("10.1.1.1")
    assert read_virtual_hosts("p:Listen 10.1.1.1:80\ns:<VirtualHost 10.1.1.1>").is_served("10.1.1.1")
    assert not read_virtual_hosts("").is_served("10.1.1.1")
    with pytest.raises(UnreadableError):
        read_virtual_hosts(VHOST_A)


def test_a_template_that_was_not_filled_in() -> None:
    """The template's ports serve nobody, also not the address that they stand beside."""
    hosts = read_virtual_hosts("v:<VirtualHost 10.1.1.1:8180>\nv:Listen 10.1.1.1:8180\nv:Listen 10.1.1.1:8443\n")
    assert hosts.placeholders == 3
    assert not hosts.is_served("10.1.1.1")


def test_tls_alone_serves_no_metadata() -> None:
    """Guests ask without TLS; a template of which only the second half was filled in serves nobody."""
    half = (
        "v:<VirtualHost 10.1.1.1:8180>\nv:<VirtualHost 10.1.1.1:443>\nv:Listen 10.1.1.1:8180\nv:Listen 10.1.1.1:443\n"
    )
    assert not read_virtual_hosts(half).is_served("10.1.1.1")


@pytest.mark.parametrize(
    ("text", "server", "is_up"),
    [
        ("processes 3\n", WebServer("", 3), True),
        ("processes 0\n", WebServer("", 0), False),
        ("state active\nprocesses 3\n", WebServer("active", 3), True),
        ("state failed\nprocesses 1\n", WebServer("failed", 1), False),
        ("state inactive\nprocesses 0\n", WebServer("inactive", 0), False),
    ],
)
def test_web_server(text: str, server: WebServer, is_up: bool) -> None:
    """It is up with processes, and where systemd runs the router, with its unit active."""
    assert read_web_server(text) == server
    assert server.is_up is is_up


@pytest.mark.parametrize("text", ["state \nprocesses 1", "state Failed\nprocesses 1", "processes\n", "state active"])
def test_web_server_that_is_unreadable(text: str) -> None:
    """A systemctl that has nothing to say is no state."""
    with pytest.raises(UnreadableError):
        read_web_server(text)


def test_instances() -> None:
    """Identity, user data by existence, and the guard of every directory that holds data."""
    text = """metadata/10.1.1.10/vm-id
metadata/10.1.1.10/.htaccess
userdata/10.1.1.10/.htaccess
userdata/10.1.1.10/user-data
metadata/10.1.1.11/vm-id
metadata/10.1.1.11/.htaccess
userdata/10.1.1.11/user-data
metadata/10.1.1.12/.htaccess
metadata/lost+found/vm-id
metadata/10.1.1.10/vm-id:5c1f0f7a-1d2e-4a37-9a55-0c7f6f2f1a10
"""
    assert read_instances(text) == {
        "10.1.1.10": InstanceData(vm_id="5c1f0f7a-1d2e-4a37-9a55-0c7f6f2f1a10", has_user_data=True),
        "10.1.1.11": InstanceData(has_user_data=True, is_exposed=True),
        "10.1.1.12": InstanceData(),
    }
    assert read_instances("") == {}


@pytest.mark.parametrize(
    "text", ["userdata/10.1.1.10/vm-id", "metadata/10.1.1.10/user-data", "metadata/10.1.1.10", "find: bad", "metadata"]
)
def test_instances_that_are_unreadable(text: str) -> None:
    """Paths that we did not ask for, and words of the tools."""
    with pytest.raises(UnreadableError):
        read_instances(text)


def reply(*addresses: str, rcode: int = 0) -> str:
    """Return what a DNS server answers to our question, in hexadecimal."""
    query = dns.message.make_query("data-server.", "A", id=QUERY_ID)
    answer = dns.message.make_response(query)
    answer.set_rcode(rcode)
    if addresses:
        answer.answer.append(dns.rrset.from_text("data-server.", 0, "IN", "A", *addresses))
    return answer.to_wire().hex()


def test_name() -> None:
    """Hosts entries, addresses and answer codes; the words where nothing was answered."""
    text = f"hosts 10.1.1.1\nhosts fd00::1\ndns 10.1.1.1@53 {reply('10.1.1.1')}\ndns 10.2.2.1@53 {reply(rcode=3)}\n"
    text += f"dns 10.3.3.1@53 {reply()}\ndns 10.4.4.1@53 refused\n"
    name = read_name(text)
    assert name.hosts == ("10.1.1.1", "fd00::1")
    assert name.at("10.1.1.1") == NameAnswer("10.1.1.1", "NOERROR", ("10.1.1.1",))
    assert name.at("10.2.2.1") == NameAnswer("10.2.2.1", "NXDOMAIN")
    assert name.at("10.9.9.9") is None
    seen = {answer.server: answer.seen for answer in name.answers}
    assert seen == {
        "10.1.1.1": "data-server is 10.1.1.1",
        "10.2.2.1": "DNS answers NXDOMAIN for data-server",
        "10.3.3.1": "DNS knows no address of data-server",
        "10.4.4.1": "nobody answers DNS",
    }


def test_name_answers_that_are_unreadable() -> None:
    """Another question's answer, a query instead of an answer, half a packet, odd digits."""
    other = reply("10.1.1.1").replace("4e58", "4e59", 1)
    query = dns.message.make_query("data-server.", "A", id=QUERY_ID).to_wire().hex()
    for word in (other, query, reply("10.1.1.1")[:40], "4e588", "zz" * 12):
        with pytest.raises(UnreadableError):
            read_name(f"dns 10.1.1.1@53 {word}")
