"""An API that refuses, hangs, drips, floods, lies or is not an API: each ends in a reason, in time, without secrets."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import ssl
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.lab.api.server import api_application
from exporter.model import Reason, SourceError
from exporter.sources import cloudstack
from exporter.sources.cloudstack import CloudStack
from tests.clocks import HandClock
from tests.signed_api import KEY, SECRET, application, client, http, lab_api, raw_server, table


class Row(msgspec.Struct, frozen=True):
    """The least a row has."""

    id: str


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ROWS = {"listZones": [{"id": "a"}, {"id": "b"}]}


async def refused(api: CloudStack) -> SourceError:
    """Return the error of a list, after looking for secrets wherever an error may show them."""
    with pytest.raises(SourceError) as caught:
        await api.list("listZones", Row)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.detail + repr(api)
    assert KEY not in shown
    assert SECRET not in shown
    assert "signature=" not in shown
    return caught.value


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        ("refuse", Reason.AUTH, "key"),
        ("throttle", Reason.THROTTLED, "429"),
        ("booting", Reason.BOOTING, "503"),
        ("missing_page", Reason.BOOTING, "404"),
        ("html", Reason.BOOTING, "HTML"),
        ("truncated", Reason.UNREADABLE, "not JSON"),
        ("redirect", Reason.UNREADABLE, "redirect"),
        ("disconnect", Reason.DISCONNECTED, "closed"),
        ("internal", Reason.FAILED, "530"),
        ("denied", Reason.PERMISSION, "531"),
        ("off", Reason.UNSUPPORTED, "432"),
        ("forbidden", Reason.UNSUPPORTED, "role"),
    ],
)
async def test_fault_has_a_reason(fault: str, reason: Reason, words: str) -> None:
    """Every way to fail at once is told apart, and the client goes on when it is over."""
    faults: dict[str, object] = {fault: True}
    async with lab_api(ROWS, faults) as (api, _):
        error = await refused(api)
        assert error.reason is reason
        assert words in error.detail
        faults.clear()
        assert len(await api.list("listZones", Row)) == 2


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_silence_and_dripping_end_at_the_deadline(fault: str) -> None:
    """The limit is for the whole request, so that a byte now and then gains nothing."""
    async with lab_api(ROWS, {fault: True}, client_settings={"seconds": 0.3}) as (api, _):
        assert (await refused(api)).reason is Reason.TIMEOUT


async def test_flood_ends_at_the_byte_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end is cut at the limit, not at the deadline."""
    monkeypatch.setattr(cloudstack, "MOST_BYTES", 1 << 20)
    async with lab_api(ROWS, {"flood": True}) as (api, _):
        assert (await refused(api)).reason is Reason.TOO_LARGE


async def test_pages_without_end_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always has one more full page is stopped."""
    monkeypatch.setattr(cloudstack, "MOST_PAGES", 3)
    rows = {"listZones": [{"id": str(number)} for number in range(2000)]}
    async with lab_api(rows) as (api, _):
        error = await refused(api)
        assert error.reason is Reason.TOO_LARGE
        assert "3 pages" in error.detail


async def test_wrong_key_is_told_from_a_wrong_clock() -> None:
    """A 401 names the difference of the clocks when there is one."""
    async with lab_api(ROWS, {"refuse": True}, HandClock(offset=0.0)) as (api, _):
        assert "clock differs by" in (await refused(api)).detail


async def test_expired_request_is_refused() -> None:
    """A clock that is behind by more than the expiry looks like a bad key."""
    server = HandClock()
    app = api_application(table(ROWS), keys={KEY: SECRET}, unix=server.unix)
    async with application(app) as url:
        api = client(url, HandClock(now=server.now - 500))
        assert (await refused(api)).reason is Reason.AUTH
        await api.close()


async def test_wrong_secret_is_refused() -> None:
    """Only the right secret is accepted."""
    async with application(api_application(table(ROWS), keys={KEY: "another"}, unix=HandClock().unix)) as url:
        api = client(url)
        assert (await refused(api)).reason is Reason.AUTH
        await api.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b""), Reason.UNREADABLE),
        (http(b"\x00\xff" * 1000), Reason.UNREADABLE),
        (http(b"\x1f\x8b\x08", "200 OK", "Content-Encoding: gzip"), Reason.UNREADABLE),
        (http(b'{"r":{}}', "200 OK", "X: " + "x" * 100_000), Reason.UNREADABLE),
        (http(b"", "302 Found", "Location: http://127.0.0.1:1/"), Reason.UNREADABLE),
        (http(b"<html>", "407 Proxy Authentication Required"), Reason.BOOTING),
        (http(b"oops", "500 Internal Server Error"), Reason.FAILED),
        (http(b"", "504 Gateway Timeout"), Reason.BOOTING),
        (http(b"no", "403 Forbidden"), Reason.PERMISSION),
    ],
)
async def test_what_is_not_the_api_has_a_reason(answer: Any, reason: Reason) -> None:
    """Proxies, other servers and noise."""
    async with raw_server(answer) as url:
        api = client(url)
        assert (await refused(api)).reason is reason
        await api.close()


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
async def test_server_that_hangs_up_has_a_reason(sent: bytes) -> None:
    """Nothing, another protocol or half an answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    async with raw_server(answer) as url:
        api = client(url)
        assert (await refused(api)).reason in (Reason.DISCONNECTED, Reason.UNREADABLE)
        await api.close()


@given(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", CHUNKED]), st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_on_the_wire_give_rows_or_a_source_error(head: bytes, noise: bytes) -> None:
    """Whatever comes back on the connection, even what is not HTTP, is rows or a SourceError."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head + noise)

    async def ask() -> None:
        async with raw_server(answer) as url:
            api = client(url)
            with suppress(SourceError):
                assert isinstance(await api.list("listZones", Row), tuple)
            await api.close()

    asyncio.run(ask())


async def test_session_cookie_is_not_sent_back() -> None:
    """CloudStack sets a session cookie, which would outrank the key in later requests."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nSet-Cookie: JSESSIONID=x; Path=/\r\n\r\n" + b'{"r":{}}'
            )
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    api = client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/client/api")
    await api.list("listZones", Row)
    await api.list("listZones", Row)
    await api.close()
    server.close()
    await server.wait_closed()
    assert len(heads) == 2
    assert not [head for head in heads if b"cookie" in head.lower()]
    assert all(b"Accept-Encoding: identity" in head for head in heads)


async def test_connection_that_the_server_closed_is_opened_again() -> None:
    """A management server that drops idle connections does not cost an answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + b'{"r":{}}')

    async with raw_server(answer) as url:
        api = client(url)
        for _ in range(3):
            assert await api.list("listZones", Row) == ()
        await api.close()


async def test_discovery_without_any_command_is_no_discovery() -> None:
    """An empty listApis must not make every command look absent."""
    async with raw_server(http(b'{"listapisresponse":{}}')) as url:
        api = client(url)
        with pytest.raises(SourceError, match="no commands"):
            await api.apis()
        await api.close()


async def test_login_with_a_bad_key_is_an_error() -> None:
    """login raises what any request would."""
    async with lab_api(ROWS, {"refuse": True}) as (api, _):
        with pytest.raises(SourceError) as caught:
            await api.login()
        assert caught.value.reason is Reason.AUTH


async def test_nobody_there_and_no_such_name() -> None:
    """A closed port is refused; a name that does not exist is DNS."""
    async with raw_server(http(b"")) as url:
        pass
    for target, reason in ((url, Reason.REFUSED), ("http://no-such-name.invalid/client/api", Reason.DNS)):
        api = client(target)
        assert (await refused(api)).reason is reason
        await api.close()


async def test_error_text_that_echoes_secrets_is_redacted() -> None:
    """Should a server or proxy repeat key or secret, they do not pass; control characters neither."""
    text = f"bad {KEY} and {SECRET}\n\x1b[31m" + "x" * 5000
    async with raw_server(http(msgspec.json.encode({"r": {"errorcode": 530, "errortext": text}}), "530 X")) as url:
        api = client(url)
        error = await refused(api)
        assert error.detail.startswith("listZones: 530 bad *** and ***")
        assert error.detail.isprintable()
        assert len(error.detail) <= 300
        await api.close()


async def test_logs_at_debug_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Neither success nor failure writes key, secret or a signature into any log."""
    caplog.set_level(logging.DEBUG)
    faults: dict[str, object] = {}
    async with lab_api(ROWS, faults) as (api, _):
        asyncio.get_running_loop().set_debug(True)
        await api.list("listZones", Row)
        faults["refuse"] = True
        await refused(api)
        assert "KEY" not in repr(vars(api))
        logging.getLogger("test").debug("seen")
    assert "seen" in caplog.text
    assert KEY not in caplog.text
    assert SECRET not in caplog.text
    assert "signature=" not in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a PEM file with key and certificate of its own authority, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.fromtimestamp(HandClock().unix() - 365 * 86400, dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_https_is_verified(certificate: Path) -> None:
    """The right authority is accepted; an unknown one and a wrong name are TLS failures; plain HTTP to it fails."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    app = api_application(table(ROWS), keys={KEY: SECRET}, unix=HandClock().unix)
    async with application(app, tls) as url:
        trusting = client(url, ca_file=str(certificate))
        assert len(await trusting.list("listZones", Row)) == 2
        await trusting.close()
        for target, settings in ((url, {}), (url.replace("localhost", "127.0.0.1"), {"ca_file": str(certificate)})):
            api = client(target, **settings)
            error = await refused(api)
            assert error.reason is Reason.TLS
            assert "certificate" in error.detail
            await api.close()


async def test_https_to_a_server_without_tls() -> None:
    """A server that speaks plain HTTP where HTTPS is due is a TLS failure."""
    async with raw_server(http(b"{}")) as url:
        api = client(url.replace("http:", "https:"))
        assert (await refused(api)).reason in (Reason.TLS, Reason.DISCONNECTED)
        await api.close()
