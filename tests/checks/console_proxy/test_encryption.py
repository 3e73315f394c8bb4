"""TLS settings that do not fit each other or the UI."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.encryption import CHECK
from tests.checks.console_proxy.scene import cloud, of_zone, problems, values

DOMAIN, ENABLED, UI = "consoleproxy.url.domain", "consoleproxy.sslEnabled", "endpoint.url"
LOCAL = "http://localhost:8080/client/api"


@pytest.mark.parametrize(
    ("domain", "enabled", "ui", "tls", "in_vain", "mixed"),
    [
        ("*.console.example", "true", "https://cloud.example/client/api", 1, 0, 0),
        ("*.console.example", "true", "http://cloud.example/client/api", 1, 0, 0),
        ("*.console.example", "false", "https://cloud.example/client/api", 0, 0, 1),
        ("*.console.example", "false", "http://cloud.example/client/api", 0, 0, 0),
        ("", "true", "https://cloud.example/client/api", 0, 1, 1),
        ("  ", "TRUE", "http://cloud.example/client/api", 0, 1, 0),
        ("", "false", "https://cloud.example/client/api", 0, 0, 1),
        ("", "false", LOCAL, 0, 0, None),
        ("", "false", "https://localhost/client/api", 0, 0, None),
        ("", "false", "", 0, 0, None),
        ("", "false", "not a url", 0, 0, None),
        ("", "false", "https://[broken", 0, 0, None),
    ],
)
def test_tls_of_console_against_ui(
    domain: str, enabled: str, ui: str, tls: int, in_vain: int, mixed: int | None
) -> None:
    """A UI address that was never set is no verdict on mixed content."""
    said = of_zone(CHECK, cloud(settings={DOMAIN: domain, ENABLED: enabled, UI: ui}))
    expected = {("tls_enabled",): tls, ("tls_without_domain",): in_vain, ("mixed_content",): mixed}
    assert values(said) == {key: value for key, value in expected.items() if value is not None}
    assert problems(said) == {key for key, value in expected.items() if value and key != ("tls_enabled",)}


def test_settings_that_are_not_told_are_not_judged() -> None:
    """Without one of the two there is no verdict; a missing UI address costs only its own."""
    assert of_zone(CHECK, cloud(settings={DOMAIN: ""})) == {}
    assert ("mixed_content",) not in of_zone(CHECK, cloud(settings={DOMAIN: "", ENABLED: "false"}))
