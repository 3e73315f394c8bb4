"""The CloudStack API client: signed, paged, bounded, and read-only by what it is asked.

Every answer is complete or a SourceError with a reason; nothing is cut short in silence.

Source: facts of CloudStack's ApiServlet, ApiServer, BaseListCmd (management server 4.x).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from exporter.clock import Clock
from exporter.model import Reason, SourceError
from exporter.sources.envelope import Page, read_page
from exporter.sources.pace import Pace
from exporter.sources.refusals import allowed_page_size, one_line
from exporter.sources.signing import Signer
from exporter.sources.transport import Transport

R = TypeVar("R", bound=msgspec.Struct)
OnRequest = Callable[[str, float, Reason | None], None]

PAGE_SIZE = 500  # default.page.size as shipped; a site that allows less says so and is obeyed
MOST_PAGES = 1000  # 500,000 rows: more is a defect on one of the sides
MOST_BYTES = 32 << 20  # of one answer; 500 VMs are 1.2 MB, listApis some MB
APIS_LAST = 600.0  # seconds that listApis is remembered: a changed role shows after at most so long
CLOCK_SKEW = 120.0  # seconds by which the clocks must differ to be named as a cause of 401
OWNED = frozenset({"listNetworks", "listPrivateGateways", "listVirtualMachines", "listRouters", "listTemplates"})
"""Commands whose rows belong to accounts: they need listall, and projects are listed apart."""


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A parameter of a command."""

    name: str


class Api(msgspec.Struct, frozen=True):
    """A command. Source: listApis."""

    name: str
    description: str = ""
    params: list[Parameter] = []


class CloudStack:
    """One management server's API, or that of a load balancer before several.

    Attributes:
        on_request: called after every request with command, seconds, and the reason when it failed.
        skipped: command -> rows that were not in a format we know, since the start.
        missing: command -> rows that CloudStack counted and did not give, since the start.
    """

    def __init__(  # noqa: PLR0913 - one argument per setting
        self,
        url: str,
        api_key: str,
        secret_key: str,
        clock: Clock,
        *,
        ca_file: str | None = None,
        seconds: float = 30,
        concurrency: int = 4,
        per_second: float = 10,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            url: of the API, usually ending in ``/client/api``.
            api_key: of an account of type Admin, see ``privileges api``.
            secret_key: its secret.
            clock: of the machine; unix time must be right within minutes.
            ca_file: PEM file of the certificate authority, None for the system's.
            seconds: time limit of one request, from connecting to its last byte.
            concurrency: requests at the same time.
            per_second: requests begun per second, 0 for no limit.
        """
        self._host = urlsplit(url).hostname
        self._transport = Transport(
            url,
            ssl.create_default_context(cafile=ca_file),
            seconds=seconds,
            connections=concurrency,
            most_bytes=MOST_BYTES,
        )
        self._signer = Signer(api_key, secret_key)
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._pace = Pace(per_second)
        self._page_size = PAGE_SIZE
        self._encoded = False
        self._apis: Mapping[str, frozenset[str]] | None = None
        self._apis_until = 0.0
        self.on_request: OnRequest | None = None
        self.skipped: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"CloudStack({self._host})"

    async def list(
        self, command: str, row: type[R], identity: Callable[[R], Hashable] = attrgetter("id"), /, **parameters: str
    ) -> Sequence[R]:
        """Return every row of a list command, each once; of projects too where rows have owners.

        ``identity`` tells rows apart; of several with the same the last is kept. Raises SourceError.
        """
        found: dict[Hashable, R] = {}
        if command in OWNED:
            parameters["listall"] = "true"
            found = await self._pages(command, row, identity, {**parameters, "projectid": "-1"})
        found |= await self._pages(command, row, identity, parameters)
        return tuple(found.values())

    async def apis(self) -> frozenset[str]:
        """Return the commands that this key may use on this version. Source: listApis, at most every ten minutes."""
        if self._apis is None or self._clock.boot() >= self._apis_until:
            answer = await self._ask("listApis", Api, {})
            if not answer.rows:
                raise SourceError(Reason.UNREADABLE, "listApis: no commands")
            self._apis = {api.name: frozenset(parameter.name for parameter in api.params) for api in answer.rows}
            self._apis_until = self._clock.boot() + APIS_LAST
            # encode.api.response shows in any text with a space
            self._encoded = any("%20" in api.description for api in answer.rows)
        return frozenset(self._apis)

    def takes(self, command: str, parameter: str) -> bool:
        """Return whether the command has the parameter, as the last ``apis()`` told; False when it did not."""
        return parameter in (self._apis or {}).get(command, frozenset())

    async def login(self, wanted: Iterable[str] = ()) -> str:
        """Prove URL, certificate and key; return one sentence with the wanted commands that are missing."""
        self._apis = None
        known = await self.apis()
        lacking = sorted(set(wanted) - known)
        return f"the API answers, {len(known)} commands allowed" + (
            f"; missing: {', '.join(lacking)}" if lacking else ""
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _pages(
        self, command: str, row: type[R], identity: Callable[[R], Hashable], parameters: Mapping[str, str]
    ) -> dict[Hashable, R]:
        """Return the rows of all pages by identity.

        When a row is deleted meanwhile, those after it move up, and one of them from the next page to one that was read
        already: then all is read once more. When that happens again, what either reading gave is taken. What has gone
        may stay until the next list is read; what is there is not lost.
        """
        former: dict[Hashable, R] = {}
        found, lack, has_moved = await self._reading(command, row, identity, parameters)
        if has_moved:
            former = found
            found, lack, has_moved = await self._reading(command, row, identity, parameters)
        self.missing[command] += lack
        return former | found if has_moved else found

    async def _reading(
        self, command: str, row: type[R], identity: Callable[[R], Hashable], parameters: Mapping[str, str]
    ) -> tuple[dict[Hashable, R], int, bool]:
        """Return the rows of all pages by identity, how many were counted and not given, and whether some were deleted.

        The count is a claim: it may be too high (rows vanish meanwhile) or too low, so the end is an
        empty page, or one that is not full. A page without news before the end is a loop, hence an error.
        """
        found: dict[Hashable, R] = {}
        skipped, size, former, has_moved = 0, self._page_size, 0, False
        for number in range(1, MOST_PAGES + 1):
            try:
                page = await self._ask(command, row, {**parameters, "page": str(number), "pagesize": str(size)})
            except SourceError as error:
                if self._obey(error, size):
                    return await self._reading(command, row, identity, parameters)
                raise
            known = len(found)
            if page.total is not None:
                has_moved |= page.total < former and known + skipped < former  # else all had been given before
                former = page.total
            found.update((identity(item), item) for item in page.rows)
            if page.rows and len(found) == known:
                return _after_repetition(command, number, found, page.total, skipped), 0, has_moved
            skipped += page.skipped
            given = len(page.rows) + page.skipped
            lack = (page.total or 0) - len(found) - skipped
            if not given or (given != size and lack <= 0):
                return _readable(command, found, skipped), max(lack, 0), has_moved
            await asyncio.sleep(0)  # others' turn between pages
        raise SourceError(Reason.TOO_LARGE, f"{command}: more than {MOST_PAGES} pages")

    def _obey(self, error: SourceError, size: int) -> bool:
        """Return whether the error told a page size smaller than ours, which is used from now on."""
        allowed = allowed_page_size(error)
        if not allowed or allowed >= size:
            return False
        self._page_size = allowed
        return True

    async def _ask(self, command: str, row: type[R], parameters: Mapping[str, str]) -> Page[R]:
        """Return one page; tells the outcome to ``on_request``."""
        async with self._slots:
            await self._pace.wait()
            started = self._clock.boot()
            try:
                page = await self._fetch(command, row, parameters)
            except SourceError as error:
                self._tell(command, started, error.reason)
                raise SourceError(error.reason, one_line(self._signer.redact(f"{command}: {error.detail}"))) from None
        self._tell(command, started, None)
        self.skipped[command] += page.skipped
        return page

    def _tell(self, command: str, started: float, reason: Reason | None) -> None:
        if self.on_request:
            self.on_request(command, self._clock.boot() - started, reason)

    async def _fetch(self, command: str, row: type[R], parameters: Mapping[str, str]) -> Page[R]:
        """Return one page, or raise SourceError."""
        listed = None if self._apis is None else command in self._apis
        now = self._clock.unix()
        reply = await self._transport.get(
            self._signer.sign({**parameters, "command": command, "response": "json"}, now)
        )
        try:
            return read_page(reply.status, reply.body, row, encoded=self._encoded, listed=listed)
        except SourceError as error:
            if error.reason in (Reason.PERMISSION, Reason.UNSUPPORTED):
                self._apis_until = 0.0  # version or role may have changed
            skew = 0.0 if reply.date is None else reply.date - now
            if error.reason is Reason.AUTH and abs(skew) > CLOCK_SKEW:
                raise SourceError(Reason.AUTH, f"{error.detail}; its clock differs by {skew:+.0f} seconds") from None
            raise


def _after_repetition(
    command: str, number: int, found: dict[Hashable, R], total: int | None, skipped: int
) -> dict[Hashable, R]:
    """Return the rows when the server does not page and gave all it counted, else raise: it loops."""
    if total == len(found) + skipped:
        return found
    detail = f"{command}: page {number} repeats earlier ones, {len(found)} rows of {total} came"
    raise SourceError(Reason.UNREADABLE, detail)


def _readable(command: str, found: dict[Hashable, R], skipped: int) -> dict[Hashable, R]:
    """Return the rows; raise when there were some and none was in a format we know."""
    if skipped and not found:
        raise SourceError(Reason.UNREADABLE, f"{command}: none of {skipped} rows is in a format we know")
    return found
