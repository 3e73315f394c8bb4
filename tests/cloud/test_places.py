"""Where image stores and sites of templates are dialled: what a machine can be told, and what it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.storage import Place, place
from exporter.sources.ssh_words import is_parameter


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("nfs://10.9.0.1/export/secondary", Place("10.9.0.1", 2049)),
        ("nfs://nas.example/export", Place("nas.example", 2049)),
        ("NFS://nas.example:12049/export", Place("nas.example", 12049)),
        ("cifs://nas.example/share", Place("nas.example", 445)),
        ("https://download.example/t.qcow2", Place("download.example", 443)),
        ("http://download.example:8080/t.qcow2", Place("download.example", 8080)),
        ("http://download.example", Place("download.example", 80)),
    ],
)
def test_where_a_url_leads(url: str, found: Place) -> None:
    """The port that it names, else the scheme's."""
    assert place(url) == found


@pytest.mark.parametrize(
    "url",
    ["", "nfs://", "nfs:///export", "s3://bucket", "nfs://[2001:db8::1]/export", "nfs://my_nas/export", "nfs://a b/",
     "nfs://nas:0/x", "nfs://nas:65536/x", "nfs://nas:\u0663/x", "http://10.0.0/x", "http://1.2.3.999/", "http://-a/"],
)  # fmt: skip
def test_what_no_machine_can_be_told(url: str) -> None:
    """One such word would refuse all questions of a visit."""
    assert place(url) is None


@given(st.text() | st.from_regex(r"(nfs|http)://[a-z0-9.:_\[\]-]{0,30}(/[a-z]*)?", fullmatch=True))
def test_whatever_a_url_is(url: str) -> None:
    """It leads nowhere, or where the collector takes it."""
    found = place(url)
    assert found is None or is_parameter(found.word)
