"""Markup that cannot be broken out of."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from exporter.page import printable
from exporter.web.html import document, element


class Reader(HTMLParser):
    """Collects what a parser sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=60) | st.text(alphabet="<>&\"'/=` script"))
def test_text_stays_text(text: str) -> None:
    """Whatever a text or an attribute holds, a parser finds exactly that and no other element."""
    reader = Reader()
    reader.feed(element("p", text, title=text).markup)
    assert reader.tags == [("p", {"title": printable(text)} if text else {})]
    assert reader.text == printable(text)


def test_children_and_attributes() -> None:
    """Children may be nested, absent or numbers; attribute names are written as HTML has them."""
    made = element("p", ["a", None, [element("br"), 3]], class_="x", data_key="k", hidden=True, id="", lang=False)
    assert made.markup == '<p class="x" data-key="k" hidden>a<br>3</p>'


def test_a_document_has_its_type() -> None:
    """Without it browsers fall back to quirks."""
    assert document(element("html")) == "<!doctype html>\n<html></html>\n"
