"""The single steps as facts."""

from __future__ import annotations

from exporter.checks.console_proxy.phases import CHECK
from exporter.model import Reason
from exporter.questions.system_vms.console import Connection, Lookup, Page
from tests.checks.console_proxy.scene import cloud, endpoint, of_target, problems, proxy, values, way

WORLD = cloud(proxy())
TARGET = endpoint(proxy(), WORLD)


def said(**changes: object) -> dict[tuple[str, ...], float]:
    found = of_target(CHECK, TARGET, way(**changes), WORLD)
    assert problems(found) == set()
    return {key[:1] + key[2:]: value for key, value in values(found).items()}


def test_every_step_is_said() -> None:
    """Five phases and the status."""
    assert said() == {
        ("phase_ok", "dns"): 1,
        ("phase_ok", "tcp"): 1,
        ("phase_ok", "tls"): 1,
        ("phase_ok", "http"): 1,
        ("phase_ok", "vnc"): 1,
        ("http_status_code",): 200,
    }


def test_steps_behind_a_failing_one_are_not_said() -> None:
    """An old page does not outlive a refused port."""
    refused = Connection(Reason.REFUSED, "nobody listens")
    assert said(tcp=refused, vnc=refused) == {("phase_ok", "dns"): 1, ("phase_ok", "tcp"): 0, ("phase_ok", "vnc"): 0}


def test_a_missing_name_does_not_hide_the_rest() -> None:
    """The public address was dialled."""
    found = said(name=Lookup((), "NXDOMAIN"))
    assert (found["phase_ok", "dns"], found["phase_ok", "http"]) == (0, 1)
    assert ("phase_ok", "dns") not in said(name=None)


def test_a_page_without_an_answer_has_no_status() -> None:
    """Never 0."""
    found = said(page=Page(reason=Reason.TIMEOUT, detail="slow"))
    assert found["phase_ok", "http"] == 0
    assert ("http_status_code",) not in found
