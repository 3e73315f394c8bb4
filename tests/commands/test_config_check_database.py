"""``config-check --online`` and ``privileges database`` with a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.commands.config_check import Login, _database
from exporter.commands.privileges import privileges
from exporter.config import load
from exporter.sources.database import Database
from tests.database_cloud import fill
from tests.mariadb import READER, SECRET, Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(180), pytest.mark.xdist_group("mariadb")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        fill(running)
        yield running


async def login(server: Server, **changes: Any) -> Login:
    database = Database(server.settings(**changes))
    try:
        return await _database(database)
    finally:
        await database.close()


async def test_a_database_that_answers_everything_is_good(server: Server) -> None:
    """Server, role, and how much was answered."""
    told = await login(server)
    assert told.is_good, told
    assert told.place == f"database 127.0.0.1:{server.port}, primary"
    assert told.words.startswith("it is up to date; ")
    number, of, *_ = [word for word in told.words.split() if word.isdigit()]
    assert number == of


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "auth: "),
        ({"servers": (("127.0.0.1", 1),)}, "refused: "),
        ({"ca_file": None}, "tls: "),
    ],
)
async def test_a_database_that_lets_nobody_in_is_bad(server: Server, changes: dict[str, Any], words: str) -> None:
    """With the reason, and without the password."""
    told = await login(server, **changes)
    assert (told.is_good, told.words.startswith(words)) == (False, True)
    assert SECRET not in told.words


async def test_a_missing_grant_is_bad_and_named_and_a_missing_table_is_neither(server: Server) -> None:
    """The one is the operator's to mend, the other an older CloudStack."""
    server.run("CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'canary-7c1d' REQUIRE SSL")
    server.run("GRANT SELECT ON cloud.version TO poor@'%'")
    told = await login(server, user="poor")
    assert not told.is_good
    assert "permission: " in told.words
    assert "mshost" in told.words
    server.run("RENAME TABLE account_vnet_map TO account_vnet_gone")
    try:
        told = await login(server)
    finally:
        server.run("RENAME TABLE account_vnet_gone TO account_vnet_map")
    assert told.is_good, told
    assert "account_vnet_map" in told.words


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "exporter.yml"
    (tmp_path / "password").write_text(SECRET)
    text = {
        "cloudstack": {"url": "https://cloud.example.com/client/api", "api_key": "${K}", "secret_key": "${S}"},
        "database": {
            "servers": ["127.0.0.1:3306"], "user": READER, "name": "cloud_two", "tls": False,
            "password_file": "password",
        },
    }  # fmt: skip
    made.write_text(yaml.safe_dump(text))
    return made


async def test_the_account_printed_is_that_of_the_configuration(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name, its schema, whether it speaks TLS; never its password."""
    assert privileges("database", load(file, {"K": "key", "S": "secret"})) == 0
    out = capsys.readouterr().out
    assert f"CREATE USER '{READER}'@'EXPORTER_ADDRESS' IDENTIFIED BY 'PASSWORD'\n" in out
    assert "ON `cloud_two`.`networks` TO" in out
    assert "REQUIRE SSL" not in out
    assert SECRET not in out
