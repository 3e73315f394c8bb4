"""What reads what others wrote and is no question: pages and rows of the API, sections, words, log, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from exporter.config import ConfigError, parse
from exporter.model import SourceError
from exporter.questions.management.log_lines import messages
from exporter.sources.envelope import read_page
from exporter.sources.handshake import certificate_in
from exporter.sources.sections import read_sections
from exporter.sources.ssh_words import Asked, Hop, Request, is_parameter
from tests.fuzz.contract import Target
from tests.fuzz.corpus import SAMPLES, text_case
from tests.fuzz.images import image_targets
from tests.fuzz.lint_texts import lint_targets
from tests.inventory.small_cloud import ROWS
from tests.inventory.test_objects import MAKERS

HERE = Path(__file__).parent
NONCE = "0123456789abcdef"
LIMITS = {"host_links": 2000, "host_lldp": 65536, "host_agent": 10}
SECTIONS = (
    """
@@ NONCE begin host_links
[]

@@ NONCE end host_links 0

@@ NONCE begin host_lldp
no

@@ NONCE end host_lldp 127

@@ NONCE begin host_agent
0123456789abc
@@ NONCE end host_agent 124

@@ NONCE done
""",
    "\n@@ NONCE hop 255 Connection refused\n\n@@ NONCE done\n",
    "\n@@ NONCE wrong_machine r-9-VM\n",
    "\n@@ NONCE version 3\n",
)
LOG = """\
2026-11-21 05:43:13,123 WARN  [c.c.n.r.VirtualNetworkApplianceManagerImpl] (RouterMonitor-1:ctx-5a) (logid:7a) Agent \
didn't answer
java.net.ConnectException: Connection refused
\tat com.cloud.Thing.run(Thing.java:77)
2026-11-21 05:43:14,001 ERROR [o.a.c.f.j.Async] (API-Job-Executor-4:[ctx-1, job-2]) (logid:8b) Unexpected exception
2013-02-25 05:43:14,001 ERROR [cloud.alert.AlertManagerImpl] (HA-1:null) old era
"""
WORDS = ("10.1.1.1", "10.1.1.1@8080", "r-4-VM", "12345", "kvm-1.example.org", "o0", "start")
LINK = (SAMPLES / "fuzz" / "certificate.der").read_bytes()
CHAIN = (len(LINK) + 3).to_bytes(3, "big") + len(LINK).to_bytes(3, "big") + LINK
MESSAGES = b"\x02\x00\x00\x26" + bytes(38) + b"\x0b" + len(CHAIN).to_bytes(3, "big") + CHAIN
RECORDS = b"\x16\x03\x03" + len(MESSAGES).to_bytes(2, "big") + MESSAGES
"""A ServerHello and the certificate, as a TLS 1.2 server sends them."""
SAFE = re.compile(r"[A-Za-z0-9.@-]+", re.ASCII)


def other_targets() -> Iterator[Target]:
    """Yield a target for each of them."""
    for command, (row, make) in MAKERS.items():
        for encoded in (False, True):
            read = partial(_read_api, row, make, encoded=encoded)
            yield _target(f"api_{command}{'_encoded' * encoded}", read, (_page(command),), SourceError)
    yield _target("collector_sections", _read_sections, tuple(one.replace("NONCE", NONCE).encode() for one in SECTIONS))
    yield _target("tls_records", certificate_in, (RECORDS, RECORDS[:60], b"\x15\x03\x03\x00\x02\x02\x28"))
    yield _target("ssh_words", _read_word, tuple(map(str.encode, WORDS)), SourceError)
    signatures = (SAMPLES / "log" / "signatures.tsv").read_bytes()
    yield _target("log_lines", _read_log, (LOG.encode(), LOG.replace("(logid", "[logid").encode(), signatures[:20_000]))
    example = HERE.parent.parent / "config" / "exporter.example.yml"
    bad = sorted((HERE.parent / "config" / "bad").glob("*.yml"))
    yield from image_targets()
    yield from lint_targets()
    yield _target("config", _read_config, tuple(path.read_bytes() for path in (example, *bad)), ConfigError)


def _target(name: str, read: Any, seeds: tuple[bytes, ...], *allowed: type[Exception]) -> Target:
    return Target(name, read, partial(text_case, seeds), allowed, seeds=seeds)


def _page(command: str) -> bytes:
    rows = ROWS[command]
    return json.dumps({command.lower() + "response": {"count": len(rows), "thing": rows}}).encode()


def _read_api(row: Any, make: Any, body: bytes, *, encoded: bool) -> list[Any]:
    page = read_page(200, body, row, encoded=encoded, listed=None)
    return [make(one) for one in page.rows]


def _read_sections(raw: bytes) -> Any:
    found = read_sections(raw, NONCE, LIMITS)
    for name, section in found.sections.items():
        assert len(section.text) <= LIMITS[name]
        assert 0 <= section.code <= 999
    return found


def _read_word(raw: bytes) -> Any:
    """Return the words of a request; no word of another alphabet may pass."""
    word = raw.decode("utf-8", "replace")
    assert not is_parameter(word) or SAFE.fullmatch(word)
    words = Request((Asked("host_links", (word,)),), Hop(word, word)).words("1", NONCE, legacy=False, seconds=5)
    assert all(re.fullmatch(r"[A-Za-z0-9_.,:@-]+", one, re.ASCII) for one in words)
    return words


def _read_log(raw: bytes) -> list[Any]:
    return list(messages(raw.decode("utf-8", "replace").splitlines()))


def _read_config(raw: bytes) -> None:
    """Read settings, but none nested hundredfold: the file is the operator's own, and PyYAML is slow with such."""
    if any(sign * 40 in raw for sign in (b"[", b"{", b'{"a":')):
        return
    parse(raw.decode("utf-8", "replace"), {}, folder=HERE)
