"""The envelope of an API answer, and its rows.

``{"<any name>": {"count": N, "<any name>": [row, ...]}}``; an empty list has neither count nor array, a
page past the end no array. Rows become the caller's Struct; numbers and booleans may come as strings.

Source: ApiResponseSerializer, ExceptionResponse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import msgspec

from exporter.sources.refusals import page_refusal, refusal

R = TypeVar("R", bound=msgspec.Struct)
Body = Mapping[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page: its rows, CloudStack's count of all matches (None when not said), rows that were no rows."""

    rows: list[R]
    total: int | None
    skipped: int


def read_page(status: int, body: bytes, row: type[R], *, encoded: bool, listed: bool | None) -> Page[R]:
    """Return the page, or raise SourceError.

    Args:
        status: HTTP status.
        body: as received.
        row: what each row becomes.
        encoded: string values are URL-encoded (``encode.api.response``).
        listed: whether listApis has the command, see ``refusal``.
    """
    inner = open_envelope(status, body)
    if status != 200 or "errorcode" in inner:
        code = _number(inner, "errorcode") or status
        raise refusal(code, _text(inner, "errortext"), listed=listed)
    array = next((raw for name, raw in inner.items() if name != "count" and _starts(raw, b"[")), None)
    rows, skipped = ([], 0) if array is None else read_rows(array, row, encoded=encoded)
    return Page(rows, _number(inner, "count"), skipped)


def open_envelope(status: int, body: bytes) -> Body:
    """Return what is under the single top-level key, or raise SourceError for what is no envelope."""
    try:
        outer = msgspec.json.decode(body, type=dict[str, dict[str, msgspec.Raw]])
    except UnicodeDecodeError:
        return open_envelope(status, _repaired(body))
    except (msgspec.DecodeError, RecursionError):
        raise page_refusal(status, body) from None
    if len(outer) != 1:
        raise page_refusal(status, body)
    return next(iter(outer.values()))


def read_rows(array: msgspec.Raw, row: type[R], *, encoded: bool) -> tuple[list[R], int]:
    """Return the rows and how many could not be read; the quick way when all are as documented."""
    if not encoded:
        try:
            return msgspec.json.decode(array, type=list[row], strict=False), 0  # type: ignore[valid-type]
        except (msgspec.ValidationError, UnicodeDecodeError):
            pass  # at least one row is unusual: read them one by one
    rows = []
    items = msgspec.json.decode(array, type=list[msgspec.Raw])
    for item in items:
        try:
            rows.append(read_row(item, row, encoded=encoded))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return rows, len(items) - len(rows)


def read_row(raw: msgspec.Raw, row: type[R], *, encoded: bool) -> R:
    """Return one row, lenient about numbers where text is due; raises ValueError when it is none."""
    try:
        value = msgspec.json.decode(raw)
    except UnicodeDecodeError:
        value = msgspec.json.decode(_repaired(bytes(raw)))
    return msgspec.convert(_lenient(decoded(value) if encoded else value, row), type=row, strict=False)


def decoded(value: Any) -> Any:
    """Return JSON whose URL-encoded strings are decoded."""
    match value:
        case str():
            return unquote(value)
        case list():
            return [decoded(item) for item in value]
        case dict():
            return {name: decoded(item) for name, item in value.items()}
        case _:
            return value


def _lenient(value: Any, wanted: Any) -> Any:
    """Return the value with numbers as text where text is wanted, and without nulls."""
    if wanted is str and isinstance(value, int | float):
        return str(value)
    if get_origin(wanted) in (list, tuple) and isinstance(value, list):
        return [_lenient(item, get_args(wanted)[0]) for item in value]
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct) and isinstance(value, dict):
        hints = get_type_hints(wanted)
        names = {field.encode_name: hints[field.name] for field in msgspec.structs.fields(wanted)}
        return {name: _lenient(value[name], kind) for name, kind in names.items() if value.get(name) is not None}
    return value


def _starts(raw: msgspec.Raw, sign: bytes) -> bool:
    return bytes(memoryview(raw)[:1]) == sign


def _repaired(body: bytes) -> bytes:
    """Return the bytes with invalid UTF-8 replaced."""
    return body.decode(errors="replace").encode()


def _number(body: Body, name: str) -> int | None:
    try:
        return msgspec.json.decode(body.get(name, b"null"), type=int | None, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _text(body: Body, name: str) -> str:
    try:
        return msgspec.json.decode(body.get(name, b'""'), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
