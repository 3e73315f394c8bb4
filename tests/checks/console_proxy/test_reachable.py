"""Whether a browser reaches the console proxy."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.reachable import CHECK
from exporter.checks.console_proxy.remedies import CHECK_PUBLIC_PATH, DESTROY, FIX_DNS, UPLOAD_CERTIFICATE
from exporter.model import Reason
from exporter.questions.system_vms.console import Connection, Handshake, Lookup, Page
from tests.checks.console_proxy.scene import NOW, cloud, endpoint, of_target, problems, proxy, values, way

KEY = ("reachable", "v-2-VM")
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "dns": ({"name": Lookup((), "NXDOMAIN")}, FIX_DNS),
    "tcp": ({"tcp": Connection(Reason.TIMEOUT, "silent")}, CHECK_PUBLIC_PATH),
    "tls": ({"tls": Handshake(reason=Reason.DISCONNECTED, detail="hung up")}, UPLOAD_CERTIFICATE),
    "http": ({"page": Page(status=404)}, DESTROY),
}


def test_the_whole_way_works() -> None:
    """One sample, 1, nothing to explain."""
    world = cloud(proxy())
    assert values(of_target(CHECK, endpoint(proxy(), world), way(), world)) == {KEY: 1}


@pytest.mark.parametrize("phase", BAD)
def test_the_step_that_fails_is_named_with_its_remedy(phase: str) -> None:
    """The remedy follows the evidence."""
    changes, remedy = BAD[phase]
    world = cloud(proxy())
    said = of_target(CHECK, endpoint(proxy(), world), way(**changes), world)
    assert problems(said) == {KEY}
    assert said[KEY].seen.startswith(f"{phase}: ")
    assert said[KEY].remedy == remedy


def test_a_wrong_name_before_a_proxy_that_serves() -> None:
    """The evidence behind the public address is told beside it."""
    world = cloud(proxy())
    said = of_target(CHECK, endpoint(proxy(), world), way(name=Lookup((), "NXDOMAIN")), world)
    assert said[KEY].seen == "dns: NXDOMAIN; the proxy serves at 203.0.113.7"


@pytest.mark.parametrize("phase", BAD)
@pytest.mark.parametrize(
    "vm", [proxy(created=NOW - 300), proxy(state="Migrating"), proxy(state="Stopping"), None], ids=str
)
def test_a_proxy_that_settles_is_not_red(phase: str, vm: Any) -> None:
    """New, moving, stopping and destroyed ones: no verdict, and yet reachable is said at once."""
    world = cloud(*([vm] if vm else []))
    target = endpoint(proxy(), world)
    assert of_target(CHECK, target, way(**BAD[phase][0]), world) == {}
    assert values(of_target(CHECK, target, way(), world)) == {KEY: 1}


def test_a_page_that_was_not_asked_in_time_is_no_verdict() -> None:
    """Handshake fine, page unknown: neither reachable nor not."""
    world = cloud(proxy())
    assert of_target(CHECK, endpoint(proxy(), world), way(page=None), world) == {}


def test_an_untrusted_certificate_is_another_matter() -> None:
    """A CA of your own may be known to browsers; the certificate has its own gauge."""
    world = cloud(proxy())
    given = way(tls=Handshake(protocol="TLSv1.3", error_code=18, error="self-signed"))
    assert values(of_target(CHECK, endpoint(proxy(), world), given, world)) == {KEY: 1}
