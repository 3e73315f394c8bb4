"""The numbers of templates: what is read, and what a real MariaDB brings under the printed grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Failure, Reason, UnreadableError
from exporter.questions.database.rows import Rows
from exporter.questions.database.templates import KNOWN_TEMPLATES, read_templates
from exporter.sources.database import Database
from tests.database_asking import ask
from tests.database_cloud import Size, fill
from tests.mariadb import READER, SECRET, Server, install_account, mariadb


def rows(*values: Any, columns: tuple[str, ...] = ("template",)) -> Rows:
    """Return rows of one column."""
    return Rows(columns, tuple((value,) for value in values))


def test_numbers_are_read() -> None:
    """As the driver gives them, or as text."""
    assert read_templates(rows(1, 201, "202")) == {1, 201, 202}
    assert read_templates(rows()) == frozenset()


@pytest.mark.parametrize("value", [None, "", "x", -1, 1.5, True, b"1", "10" * 20])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """Garbage never becomes a template."""
    with pytest.raises(UnreadableError, match="no number"):
        read_templates(rows(1, value))


def test_other_columns_are_refused() -> None:
    """A statement that was changed without its reader."""
    with pytest.raises(UnreadableError, match="instead of template"):
        read_templates(rows(1, columns=("id",)))


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.booleans(), st.floats())))
def test_any_rows_are_read_or_refused(values: list[Any]) -> None:
    """Whatever the database brings."""
    try:
        found = read_templates(rows(*values))
    except UnreadableError:
        return
    assert {str(number) for number in found} <= {str(int(str(value))) for value in values}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        yield running


async def asked(server: Server, user: str) -> Any:
    """Return what one account is told."""
    database = Database(server.settings(user=user))
    try:
        brought = await ask(database, (KNOWN_TEMPLATES,), 60.0)
    finally:
        await database.close()
    told = brought[KNOWN_TEMPLATES]
    return KNOWN_TEMPLATES.read(told) if isinstance(told, Rows) else told


@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("mariadb")
async def test_a_real_database_tells_them_under_the_printed_grants(server: Server) -> None:
    """Deleted templates are left out, but for the one whose directory is not cleaned up yet."""
    fill(server, Size(vms=500))
    install_account(server, "granted")
    known = await asked(server, "granted")
    assert known == {number for number in range(200, 300) if number % 10 != 9} | {209}


@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("mariadb")
def test_urls_of_templates_are_not_granted(server: Server) -> None:
    """They may hold passwords."""
    install_account(server, "curious")
    account: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "curious",
        "password": SECRET,
        "database": "cloud",
    }
    with closing(pymysql.connect(**account, ssl_ca=str(server.folder / "ca.pem"))) as connection:
        for refused in ("SELECT url FROM vm_template", "SELECT url FROM template_store_ref"):
            with connection.cursor() as cursor, pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(refused)


@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("mariadb")
async def test_a_schema_without_the_table_is_a_reason(server: Server) -> None:
    """Before 4.2 there was template_host_ref."""
    server.run("RENAME TABLE template_store_ref TO template_host_ref")
    try:
        told = await asked(server, READER)
    finally:
        server.run("RENAME TABLE template_host_ref TO template_store_ref")
    assert isinstance(told, Failure)
    assert told.reason is Reason.UNSUPPORTED
