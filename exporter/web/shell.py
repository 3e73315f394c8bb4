"""What every page of ours shares: head, style, and the symbols."""

from __future__ import annotations

from exporter.web.html import Child, Html, document, element

SYMBOLS = {
    "problem": "M12 2 1 22h22L12 2zm-1.3 7h2.6v6.5h-2.6V9zm0 8h2.6v2.6h-2.6V17z",
    "healthy": "M12 1a11 11 0 100 22 11 11 0 000-22zm-1.7 16.6-5-5 2.1-2.1 2.9 2.9 6.3-6.3 2.1 2.1-8.4 8.4z",
    "unknown": "M12 1a11 11 0 100 22 11 11 0 000-22zm-1.4 15.8h2.8v2.6h-2.8v-2.6zm2.7-1.6h-2.6c0-3.5 3-3.4 3-5.5 0"
    "-1-.7-1.7-1.8-1.7-1.2 0-1.9.8-2 2H7.4C7.5 7.5 9.4 5.8 12 5.8c2.7 0 4.5 1.5 4.5 3.8 0 3-3.2 3.2-3.2 5.6z",
    "accepted": "M4 2h3v2h13l-3 5 3 5H7v8H4V2z",
    "not_configured": "M12 1a11 11 0 100 22 11 11 0 000-22zm0 2.8a8.2 8.2 0 110 16.4 8.2 8.2 0 010-16.4z",
    "no_objects": "M3 10.500h18v3H3z",
    "no_checks": "M3 10.500h18v3H3z",
}
"""State -> path of its symbol in a box of 24 x 24; each has a shape of its own, because colour is not enough."""


def symbol(state: str) -> Html:
    """Return the symbol of a state, hidden from readers of text because the word stands beside it."""
    return element(
        "svg",
        element("path", d=SYMBOLS[state], fill_rule="evenodd"),
        viewBox="0 0 24 24",
        class_="symbol",
        aria_hidden="true",
        focusable="false",
    )


def shell(title: str, *body: Child, refresh: int = 0, address: str = "") -> str:
    """Return a whole page.

    With ``refresh`` seconds it renews itself: by its script, which keeps what the reader was doing and
    says so when the exporter does not answer, and without scripts by loading ``address``. That has no
    fragment: browsers only scroll, and load nothing, when a page with a fragment is to load itself.
    """
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="stylesheet", href="static/style.css"),
        element("link", rel="icon", href="static/icon.svg", type="image/svg+xml"),
    ]
    if refresh:
        head.append(element("script", src="static/refresh.js", defer=True))
        again = element("meta", http_equiv="refresh", content=f"{refresh}; url={address}")
        head.append(element("noscript", again))
    root = element(
        "html", element("head", head), element("body", body), lang="en", data_refresh=str(refresh) if refresh else ""
    )
    return document(root)
