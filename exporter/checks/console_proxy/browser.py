"""A browser's way to a console proxy, step by step, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers
from exporter.questions.system_vms.console import CONSOLE_NAME, CONSOLE_PAGE, CONSOLE_TCP, CONSOLE_TLS, Page

NOVNC_SINCE = (4, 15)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``trouble`` is empty when it worked."""

    phase: str  # dns | tcp | tls | http
    trouble: str


def steps(target: ConsoleEndpoint, answers: Answers) -> Iterator[Step]:
    """Yield the steps that were taken; after the first one past the name that fails, none is.

    A name that leads nowhere does not end the way here: the public address is dialled instead, as evidence.
    Older answers of later steps are not looked at.
    """
    name, connection = answers.get(CONSOLE_NAME), answers.get(CONSOLE_TCP)
    if name is not None:
        yield Step("dns", "" if name.addresses else name.detail or "no address")
    if connection is None:
        return
    yield Step("tcp", connection.detail)
    if not connection.is_ok:
        return
    handshake, page = answers.get(CONSOLE_TLS), answers.get(CONSOLE_PAGE)
    if handshake is not None and handshake.is_used:
        yield Step("tls", handshake.detail)
        if handshake.reason is not None:
            return
    if page is not None:
        yield Step("http", page_trouble(page, target))


def page_trouble(page: Page, target: ConsoleEndpoint) -> str:
    """Return what is wrong with the answer to the GET, empty when nothing is.

    Proxies before 4.15 have no noVNC: their 404 proves that they serve. What stands before a literal name may
    redirect, a proxy itself never does.
    """
    if page.reason is not None:
        return page.detail
    is_old = page.status == 404 and not has_novnc(target.vm.version)
    is_balancer = 300 <= page.status < 400 and target.console.rule == "literal"
    return "" if page.status == 200 or is_old or is_balancer else f"HTTP {page.status}"


def has_novnc(version: str) -> bool:
    """Return whether an agent of this version serves noVNC; False when the version is not told."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    return found is not None and (int(found[1]), int(found[2])) >= NOVNC_SINCE
