"""GET /: what this is, and where to go."""

from __future__ import annotations

from exporter.web.html import Html, element
from exporter.web.shell import shell


def landing_page(version: str, *, metrics_path: str) -> str:
    """Return the page that links the others; links are relative so that a proxy may add a prefix."""
    links = [
        _link("findings", "Findings", "what is wrong, what to do, and what could not be checked"),
        _link(metrics_path.lstrip("/"), "Metrics", "for Prometheus"),
        _link("findings.json", "Findings as JSON", "for scripts"),
        _link("-/ready", "Ready", "answers 200 after the first reading of CloudStack and the first verdict"),
        _link("-/healthy", "Healthy", "answers 200 while the process runs"),
    ]
    return shell(
        "CloudStack network exporter",
        element(
            "main",
            element("header", element("h1", "CloudStack network exporter"), element("p", f"Version {version}")),
            element("ul", links, class_="links"),
        ),
    )


def _link(address: str, title: str, words: str) -> Html:
    return element("li", element("a", title, href=address), element("small", words))
