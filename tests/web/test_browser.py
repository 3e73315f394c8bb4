"""The findings page in a real headless Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from exporter.findings import Blind, Finding, Snapshot, Tile
from exporter.model import Issue
from exporter.web.application import WebSettings
from tests.real_parts import require

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

Serve = Callable[..., AbstractAsyncContextManager[Any]]
Makers = dict[str, Callable[[], Snapshot]]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WALL, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
BREAKOUT = "\"'></a></title></script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Debian's Chromium; the test's own event loop drives it."""
    require("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(url: str, **context: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a page, and collect what the browser complains about."""
    async with chromium() as browser:
        page = await (await browser.new_context(**context)).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        yield page, complaints


@pytest.mark.parametrize("size", [WALL, PHONE, {"width": 1280, "height": 720}])
@pytest.mark.parametrize("maker", ["busy", "big", "quiet"])
async def test_it_fits(served: Serve, snapshots: Makers, size: dict[str, int], maker: str) -> None:
    """No sideways scrolling, no complaint of the browser, on a wall, a desk and a phone."""
    async with (
        served(snapshots[maker]()) as exporter,
        opened(f"{exporter.url}/findings", viewport=size) as (page, complaints),
    ):
        assert await page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert complaints == []


async def test_the_wall_shows_ten_large_tiles_in_order(served: Serve, snapshots: Makers) -> None:
    """On a wall screen two rows of five, all in sight without scrolling, in text of at least 24 pixels."""
    async with (
        served(snapshots["busy"]()) as exporter,
        opened(f"{exporter.url}/findings", viewport=WALL) as (page, _),
    ):
        tiles = await page.locator(".tile").all()
        boxes = [await tile.bounding_box() for tile in tiles]
        places = [(round(box["y"]), round(box["x"])) for box in boxes if box]
        assert [await tile.get_attribute("id") for tile in tiles] == [f"tile-{issue}" for issue in Issue]
        assert places == sorted(places)
        assert len({y for y, _ in places}) == 2
        assert all(box and box["y"] + box["height"] <= WALL["height"] for box in boxes)
        sizes = await page.locator(".tile span").evaluate_all(
            "all => all.map(s => parseFloat(getComputedStyle(s).fontSize))"
        )
        assert min(sizes) >= 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_colours_differ_and_text_is_readable(served: Serve, snapshots: Makers, scheme: str) -> None:
    """Each state has its colour of the colour-blind safe set, and its words stand out from it."""
    async with (
        served(snapshots["busy"]()) as exporter,
        opened(f"{exporter.url}/findings", color_scheme=scheme) as (page, _),
    ):
        look = "t => [getComputedStyle(t).backgroundColor, getComputedStyle(t).color, t.innerText.toLowerCase()]"
        found = {
            state: await page.locator(f".tile.{state}").first.evaluate(look)
            for state in ("problem", "healthy", "unknown")
        }
        assert {state: colours[0] for state, colours in found.items()} == {
            "problem": "rgb(213, 94, 0)",
            "healthy": "rgb(0, 114, 178)",
            "unknown": "rgb(127, 127, 127)",
        }
        assert all(contrast(colours[0], colours[1]) >= 4.5 for colours in found.values())
        assert [state for state, seen in found.items() if state not in seen[2]] == []


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two ``rgb(r, g, b)`` colours as WCAG defines it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


async def test_everything_works_without_scripts(served: Serve, snapshots: Makers) -> None:
    """Filters, details and renewal need no JavaScript."""
    shown = snapshots["busy"]()
    async with (
        served(shown, settings=WebSettings(refresh_seconds=1)) as exporter,
        opened(f"{exporter.url}/findings", java_script_enabled=False) as (page, complaints),
    ):
        await page.click("#tile-console_proxy")
        await expect(page.locator("#findings")).to_contain_text("v-2-VM")
        await expect(page.locator("#findings")).not_to_contain_text("r-12-VM")
        await page.click("text=Everything")
        await page.click(".filters >> text=fra-2")
        await expect(page.locator("#findings")).to_contain_text("r-17-VM")
        exporter.board.shown = replace(shown, findings=())
        await expect(page.locator("#findings")).to_contain_text("Nothing of what was checked is broken")
        assert "zone=fra-2" in page.url
        assert complaints == []


async def test_renewal_keeps_what_the_reader_was_doing(served: Serve, snapshots: Makers) -> None:
    """With scripts the page renews in place: position and opened details stay, content and title change."""
    shown = snapshots["busy"]()
    async with (
        served(shown, settings=WebSettings(refresh_seconds=1)) as exporter,
        opened(f"{exporter.url}/findings", viewport=PHONE) as (page, complaints),
    ):
        await page.locator("#unchecked summary").last.click()
        await page.evaluate("window.scrollTo(0, 700)")
        await page.evaluate("window.same = true")
        exporter.board.shown = replace(shown, at=shown.at + 30, notices=())
        await expect(page.locator(".moment")).to_contain_text("09:02:05")
        assert await page.evaluate("window.same")
        assert await page.evaluate("window.scrollY") == 700
        await expect(page.locator("#unchecked details").last).to_have_attribute("open", "")
        exporter.board.shown = replace(shown, findings=shown.findings[:1])
        await expect(page).to_have_title("(1) CloudStack network")
        assert complaints == []


async def test_a_lost_exporter_is_not_a_healthy_cloud(served: Serve, snapshots: Makers) -> None:
    """When the exporter stops, the wall says so and its tiles turn grey; when it is back, all is as before."""
    async with (
        served(snapshots["busy"](), settings=WebSettings(refresh_seconds=1)) as exporter,
        opened(f"{exporter.url}/findings") as (page, _),
    ):
        grey = "document.querySelectorAll('.tile').length === 10 && [...document.querySelectorAll('.tile')]"
        await page.route("**/findings", lambda route: route.abort())
        await expect(page.locator("#lost")).to_contain_text("What you see is old")
        same = await page.evaluate(f"{grey}.every(t => getComputedStyle(t).backgroundColor === 'rgb(127, 127, 127)')")
        assert same
        await page.unroute("**/findings")
        await expect(page.locator("#lost")).to_be_hidden()
        assert not await page.evaluate("document.body.classList.contains('lost')")
        exporter.board.shown = None  # answers 500
        await expect(page.locator("#lost")).to_contain_text("status 500")


@pytest.mark.parametrize("scripts", [True, False])
async def test_hostile_text_is_inert(served: Serve, make_finding: Callable[..., Finding], scripts: bool) -> None:
    """Markup in every string of a snapshot is shown as text; nothing runs and nothing is loaded."""
    finding = make_finding(
        check=BREAKOUT,
        metric=BREAKOUT,
        help=BREAKOUT,
        zone=BREAKOUT,
        subject_kind=BREAKOUT,
        subject=BREAKOUT,
        labels={BREAKOUT: BREAKOUT},
        seen=BREAKOUT,
        expected=BREAKOUT,
        remedies=(BREAKOUT, f"second {BREAKOUT}", "javascript:alert(1)"),
    )
    accepted = make_finding(2, accepted=BREAKOUT, accepted_until=BREAKOUT)
    blind = Blind(
        issues=(Issue.TEMPLATES,),
        zone=BREAKOUT,
        subject_kind=BREAKOUT,
        subject=BREAKOUT,
        what=(BREAKOUT,),
        reason=BREAKOUT,
        detail=BREAKOUT,
        setting=BREAKOUT,
    )
    tile = Tile(issue=Issue.TEMPLATES, number=8, title=BREAKOUT, state=BREAKOUT)
    shown = Snapshot(
        at=1.0, tiles=(tile,), findings=(finding, accepted), blind=(blind,), notices=(BREAKOUT,), inventory_at=1.0
    )
    async with (
        served(shown, settings=WebSettings(refresh_seconds=1)) as exporter,
        opened(f"{exporter.url}/findings", java_script_enabled=scripts) as (page, complaints),
    ):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await expect(page.locator(".notices")).to_have_text(BREAKOUT)
        await page.locator("#findings summary").first.click()
        await expect(page.locator("#findings code").first).to_contain_text("onerror=document.title")
        await page.click(".filters >> text=document.title")  # the zone's name in an address and back
        before = exporter.board.asked
        async with asyncio.timeout(30):
            while exporter.board.asked == before:  # renewed at least once
                await asyncio.sleep(0.05)
        await expect(page.locator("main img, main script")).to_have_count(0)
        assert await page.title() == "(1) CloudStack network"
        assert [url for url in asked if not url.startswith(f"{exporter.url}/")] == []
        assert complaints == []


async def test_the_keyboard_reaches_everything(served: Serve, snapshots: Makers) -> None:
    """Tiles are links, so that Tab goes through them and Enter filters."""
    async with (
        served(snapshots["busy"]()) as exporter,
        opened(f"{exporter.url}/findings") as (page, _),
    ):
        await page.focus("#tile-vlan_trunking")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.id") == "tile-hypervisor_links"
        await page.keyboard.press("Enter")
        await page.wait_for_url("**issue=hypervisor_links**")
        await expect(page.locator("#tile-hypervisor_links")).to_have_attribute("aria-current", "true")
