"""Accounts that a real MariaDB lets in or does not: passwords of any letters, expired, locked, guessed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.model import Reason, SourceError
from exporter.sources.database import Database
from tests.mariadb import SECRET, Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        yield running


async def let_in(server: Server, **changes: object) -> SourceError | None:
    """Return why one visit is not let in; None when it is."""
    database = Database(server.settings(**changes))
    try:
        async with database.turn(20.0):
            return None
    except SourceError as error:
        return error
    finally:
        await database.close()


@pytest.mark.parametrize("password", ["geheim-ß", "geheim-€", "\u0441\u0435\u043a\u0440\u0435\u0442"])
async def test_a_password_of_any_letters_is_taken_and_never_said(server: Server, password: str) -> None:
    """The account was made in UTF-8; the library would write it in Latin-1, or say what it could not write."""
    server.run(
        f"CREATE OR REPLACE USER abroad@'%' IDENTIFIED BY '{password}' REQUIRE SSL",
        "GRANT SELECT ON cloud.* TO abroad@'%'",
    )
    assert await let_in(server, user="abroad", password=password) is None
    refused = await let_in(server, user="abroad", password=f"{password}!")
    assert refused is not None
    assert refused.reason is Reason.AUTH
    assert password not in str(refused)


@pytest.mark.parametrize(
    "changes",
    [
        ("ALTER USER barred@'%' PASSWORD EXPIRE",),
        ("ALTER USER barred@'%' PASSWORD EXPIRE", "SET GLOBAL disconnect_on_expired_password = 1"),
        ("ALTER USER barred@'%' ACCOUNT LOCK",),
    ],
    ids=["expired", "expired-out", "locked"],
)
async def test_an_account_that_is_barred_is_an_affair_of_credentials(server: Server, changes: tuple[str, ...]) -> None:
    """Its password is right, and whoever administers it has to act all the same."""
    server.run(
        f"CREATE OR REPLACE USER barred@'%' IDENTIFIED BY '{SECRET}' REQUIRE SSL",
        "GRANT SELECT ON cloud.* TO barred@'%'",
        *changes,
    )
    try:
        refused = await let_in(server, user="barred")
    finally:
        server.run("SET GLOBAL disconnect_on_expired_password = 0")
    assert refused is not None
    assert refused.reason is Reason.AUTH


async def test_an_account_of_too_many_wrong_passwords_is_an_affair_of_credentials(server: Server) -> None:
    """The server does not look at the right one any more."""
    server.run(
        f"CREATE OR REPLACE USER guessed@'%' IDENTIFIED BY '{SECRET}' REQUIRE SSL", "SET GLOBAL max_password_errors = 1"
    )
    try:
        told = [await let_in(server, user="guessed", password=password) for password in ("wrong", SECRET)]
    finally:
        server.run("SET GLOBAL max_password_errors = DEFAULT", "FLUSH PRIVILEGES")
    assert [one and one.reason for one in told] == [Reason.AUTH, Reason.AUTH]
    assert "blocked" in str(told[-1])
