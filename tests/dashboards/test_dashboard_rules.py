"""House rules of dashboards, those of Grafana's linter and of Harvest's tests among them."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dashboards import generate
from exporter.findings import TITLES

ALLOWED = {"stat", "timeseries", "table", "status-history", "state-timeline", "bargauge", "heatmap", "row"}
PERCENT = {"percentunit", "percent"}


def _defaults(panel: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def test_seven_boards(boards: Any) -> None:
    """Each has a readable fixed uid, equal to its file's name."""
    assert {board.data["uid"] for board in boards} == {
        "csnet-wall", "csnet-connectivity", "csnet-hypervisors", "csnet-console", "csnet-tenants", "csnet-exporter",
        "csnet-templates",
    }  # fmt: skip
    assert all(board.path.stem == board.data["uid"] for board in boards)


def test_committed_files_are_what_is_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check passes on the committed files and names a file that was edited or that nothing generates."""
    assert generate.main(["--check"]) == 0
    assert generate.main(["--output", str(tmp_path)]) == 0
    wall = tmp_path / "csnet-wall.json"
    wall.write_text(wall.read_text(encoding="utf-8").replace("Wall", "Fall"), encoding="utf-8")
    (tmp_path / "csnet-orphan.json").write_text("{}", encoding="utf-8")
    assert generate.main(["--check", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "csnet-wall.json" in said
    assert "csnet-orphan.json" in said


def test_text_is_stable(board: Any) -> None:
    """Keys are sorted, indented by two, with a final newline, so that diffs are short."""
    text = board.path.read_text(encoding="utf-8")
    assert text == json.dumps(board.data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_classic_model_for_old_and_new_grafana(board: Any) -> None:
    """Schema 39 without an id, export inputs or editing, and never refreshed faster than it is scraped."""
    assert board.data["schemaVersion"] == 39
    assert board.data["id"] is None
    assert board.data["editable"] is False
    assert not {"__inputs", "__requires", "iteration"} & board.data.keys()
    assert board.data["refresh"] in {"30s", "1m", ""}
    assert board.data["tags"] == ["cloudstack-network"]
    assert board.data["description"].endswith("?") or board.data["description"].endswith(".")


def test_ids_are_unique(board: Any) -> None:
    """No two panels of a board share an id, rows included."""
    tops = board.data["panels"]
    ids = [one["id"] for top in tops for one in (top, *top.get("panels", ()))]
    assert len(ids) == len(set(ids))


def _places(panels: list[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    spots = [one["gridPos"] for one in panels]
    return [(spot["x"], spot["y"], spot["x"] + spot["w"], spot["y"] + spot["h"]) for spot in spots]


def test_nothing_overlaps(board: Any) -> None:
    """Panels stay within 24 columns and do not cover each other, inside collapsed rows too."""
    groups = [board.data["panels"], *(top["panels"] for top in board.data["panels"] if top.get("panels"))]
    for places in map(_places, groups):
        assert all(0 <= left < right <= 24 for left, _, right, _ in places)
        for one, other in combinations(places, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


def test_the_wall_needs_no_scrolling(boards: Any) -> None:
    """The wall fits 28 grid rows, has no rows to open, and shows UTC like the logs."""
    wall = next(board for board in boards if board.data["uid"] == "csnet-wall")
    assert max(bottom for _, _, _, bottom in _places(wall.data["panels"])) <= 28
    assert all(panel["type"] != "row" for panel in wall.data["panels"])
    assert wall.data["timezone"] == "utc"
    assert wall.data["refresh"] == "30s"


def test_ten_tiles_keep_their_places(boards: Any) -> None:
    """The ten issues stand in the talk's order, five by five, and none of them is sorted by its value."""
    wall = next(board for board in boards if board.data["uid"] == "csnet-wall")
    titles = [f"{number} {title}" for number, title in enumerate(TITLES.values(), start=1)]
    tiles = {panel["title"]: panel["gridPos"] for panel in wall.panels if panel["title"] in titles}
    assert list(tiles) == titles
    assert [(tiles[title]["x"], tiles[title]["y"]) for title in titles] == [
        (column * 4, row * 4) for row in (0, 1) for column in range(5)
    ]


def test_every_panel_explains_itself(board: Any) -> None:
    """Each panel has a title without metric names, a description, a unit, a word for no data and a data source."""
    for panel in board.panels:
        assert panel["type"] in ALLOWED
        assert panel["title"]
        assert "cloudstack_network" not in panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert _defaults(panel)["unit"] not in {"", "none"}
        assert _defaults(panel)["noValue"] in {"no data", "no checks yet"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


def test_titles_are_unique(board: Any) -> None:
    """Within a board a title names one panel."""
    titles = [panel["title"] for panel in board.panels]
    assert len(titles) == len(set(titles))


def test_shares_have_ends(board: Any) -> None:
    """Panels in per cent run from 0 to 1, unless they show CPU, which may pass one core."""
    for panel in board.panels:
        if _defaults(panel)["unit"] in PERCENT and panel["title"] != "CPU":
            assert (_defaults(panel)["min"], _defaults(panel)["max"]) == (0, 1), panel["title"]


def test_no_data_is_grey(board: Any) -> None:
    """Stats and histories map null to grey or say that there is none; lines never bridge a gap."""
    for panel in board.panels:
        if panel["type"] == "stat":
            special = [one for one in _defaults(panel)["mappings"] if one["type"] == "special"]
            assert special[0]["options"]["result"] == {"color": "#7F7F7F", "text": "no data"}, panel["title"]
        if panel["type"] == "timeseries":
            assert _defaults(panel)["custom"]["spanNulls"] is False


def test_colour_is_never_the_only_sign(board: Any) -> None:
    """Wherever a value is mapped to a colour it is mapped to a word too, and red and green never face each other."""
    text = json.dumps(board.data)
    assert not re.search(r'"color": "(green|red|dark-green|dark-red)"', text)
    for panel in board.panels:
        overrides = [
            p["value"] for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "mappings"
        ]
        for mappings in (_defaults(panel)["mappings"], *overrides):
            for one in mappings:
                results = one["options"].values() if one["type"] == "value" else [one["options"]["result"]]
                assert all(result["text"] for result in results)


def test_variables_are_used_and_defined(board: Any) -> None:
    """The data source comes first; the rest reload with the time range, offer All, and are used."""
    variables = board.data["templating"]["list"]
    names = [one["name"] for one in variables]
    assert names[:2] == ["datasource", "job"]
    elsewhere = json.dumps({key: value for key, value in board.data.items() if key != "templating"})
    used = set(re.findall(r"\$\{?(\w+)", elsewhere)) - {"__rate_interval", "__url_time_range"}
    assert used == set(names)
    for one in variables[1:]:
        assert (one["refresh"], one["multi"], one["includeAll"], one["allValue"]) == (2, True, True, ".+")


def test_every_selector_asks_for_the_job(board: Any) -> None:
    """No panel shows another job's series."""
    for panel in board.panels:
        for target in panel["targets"]:
            selectors = re.findall(r"\b(?:cloudstack_network[\w:]+|ALERTS|process_\w+)(\{[^}]*\})?", target["expr"])
            assert all('job=~"$job' in found for found in selectors), target["expr"]


def test_rates_follow_the_scrape_interval(board: Any) -> None:
    """Rates use the interval that Grafana derives from the scrape interval."""
    for panel in board.panels:
        for target in panel["targets"]:
            windows = re.findall(r"\brate\([^[]*\[([^\]]+)\]", target["expr"])
            assert all(window == "$__rate_interval" for window in windows)
            assert "irate(" not in target["expr"]
            assert "vector(0)" not in target["expr"]


SLOWLY_COUNTED = {
    f"cloudstack_network_{name}_total"
    for name in (
        "hypervisor_links_nic_carrier_changes",
        "hypervisor_links_nic_crc_errors",
        "hypervisor_links_nic_symbol_errors",
        "hypervisor_links_nic_received_frames",
        "hypervisor_links_nic_received_broadcasts",
        "hypervisor_links_nic_received_multicasts",
        "open_vswitch_mac_moves",
        "open_vswitch_mac_evictions",
    )
}
"""Counters of NICs and MAC tables, which hosts are asked for on each second visit."""


def test_rates_of_slow_counters_span_several_looks(boards: Any) -> None:
    """A rate over less than two looks shows steps and gaps where frames flow evenly."""
    found = set()
    for panel in (panel for board in boards for panel in board.panels):
        names = {name for one in panel["targets"] for name in re.findall(r"rate\((\w+)", one["expr"])} & SLOWLY_COUNTED
        found |= names
        assert not names or panel["interval"] == "10m", panel["title"]
    assert found == SLOWLY_COUNTED


def test_stats_and_tables_ask_once(board: Any) -> None:
    """Stats and tables are instant, lines and histories are ranges, and every line has a legend."""
    for panel in board.panels:
        for target in panel["targets"]:
            once = panel["type"] in {"stat", "table"}
            assert (target["instant"], target["range"]) == (once, not once)
            assert once or target["legendFormat"] != "__auto"


def test_links_lead_somewhere(boards: Any) -> None:
    """Every /d/<uid> exists, and every runbook that a description names too."""
    uids = {board.data["uid"] for board in boards}
    runbooks = {path.stem for path in (Path(__file__).parents[2] / "docs" / "runbooks").glob("*.md")}
    for board in boards:
        text = json.dumps(board.data)
        assert set(re.findall(r"/d/([\w-]+)", text)) <= uids
        assert set(re.findall(r"CloudStackNet[A-Z]\w+", text)) <= runbooks


def test_table_columns_are_named(board: Any) -> None:
    """Tables with several questions merge their rows and rename every value; overrides match a heading."""
    for panel in board.panels:
        if panel["type"] != "table":
            continue
        renamed = panel["transformations"][-1]["options"]["renameByName"]
        assert len(renamed) == len(panel["targets"])
        assert len(set(renamed.values())) == len(renamed)
        assert {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]} <= set(renamed.values())
