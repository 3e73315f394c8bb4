"""realhostip.com in either domain setting."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.realhostip import CHECK
from tests.checks.console_proxy.scene import cloud, of_zone, problems, values

CONSOLE, STORAGE = "consoleproxy.url.domain", "secstorage.ssl.cert.domain"


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("*.realhostip.com", 1),
        ("realhostip.com", 1),
        ("*.RealHostIP.com", 1),
        ("*.console.example", 0),
        ("", 0),
    ],
)
def test_either_setting_counts(domain: str, found: int) -> None:
    """Upgraded clouds keep *.realhostip.com; an empty domain is another matter."""
    said = of_zone(CHECK, cloud(settings={CONSOLE: domain, STORAGE: "*.console.example"}))
    assert values(said) == {("realhostip", CONSOLE): found, ("realhostip", STORAGE): 0}
    assert problems(said) == ({("realhostip", CONSOLE)} if found else set())
    said = of_zone(CHECK, cloud(settings={CONSOLE: "", STORAGE: domain}))
    assert said["realhostip", STORAGE].value == found


def test_settings_that_are_not_told_are_not_judged() -> None:
    """Nothing is said of a setting that the API does not have."""
    assert values(of_zone(CHECK, cloud(settings={CONSOLE: "x"}))) == {("realhostip", CONSOLE): 0}
