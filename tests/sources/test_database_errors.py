"""What errors of server, library and network become: a reason, and words that hold no password."""

from __future__ import annotations

import pymysql
import pytest

from exporter.model import Failure, Reason
from exporter.sources.database_errors import trouble


def test_what_the_library_quotes_is_not_told() -> None:
    """An error of Python may carry the password as its second argument; only a database's words are repeated."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "geheim-€".encode("latin1")
    assert trouble(caught.value, "db:3306") == Failure(Reason.UNREADABLE, "db:3306: UnicodeEncodeError")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (1045, Reason.AUTH),
        (1820, Reason.AUTH),
        (1862, Reason.AUTH),
        (2059, Reason.AUTH),
        (3955, Reason.AUTH),
        (1226, Reason.THROTTLED),
        (1064, Reason.FAILED),
    ],
)
def test_numbers_of_the_database(number: int, reason: Reason) -> None:
    """Its words stand beside the reason, on one line."""
    told = trouble(pymysql.err.OperationalError(number, "its own\nwords"), "db:3306")
    assert told == Failure(reason, "db:3306: its own words")
