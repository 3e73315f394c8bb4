"""The laws of the page."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import pytest

from exporter.model import Metric, Sample
from exporter.page import PAGE_METRICS, Page
from tests.clocks import HandClock

ONE, TWO = ("router", "z/r-1-VM"), ("router", "z/r-2-VM")


def lines(page: Page, *, openmetrics: bool = False) -> list[str]:
    """Return the lines of the page without those about itself."""
    text = b"".join(page.text(openmetrics=openmetrics)).decode()
    return [line for line in text.splitlines() if "cloudstack_network_exporter_" not in line]


def about(page: Page) -> dict[str, str]:
    """Return what the page says about itself."""
    text = b"".join(page.text()).decode()
    rows = [line for line in text.splitlines() if line.startswith("cloudstack_network_exporter_")]
    return dict(line.rsplit(" ", 1) for line in rows)


def test_a_page_in_both_formats(page: Page, up: Metric, errors: Metric, count: Metric) -> None:
    """Families are contiguous and sorted, headers stand once, and only OpenMetrics ends with EOF."""
    page.put(TWO, "n1", up, [up.sample("z", "b", value=0)], None)
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1.0)], None)
    page.put(ONE, "n1", errors, [errors.sample("z", value=7)], None)
    page.put(ONE, "n1", count, [count.sample(value=0.5)], None)
    samples = [
        'cloudstack_network_thing_errors_total{zone="z"} 7',
        'cloudstack_network_thing_up{zone="z",thing="a"} 1',
        'cloudstack_network_thing_up{zone="z",thing="b"} 0',
        "cloudstack_network_things 0.5",
    ]
    assert [line for line in lines(page) if not line.startswith("#")] == samples
    assert [line for line in lines(page, openmetrics=True) if not line.startswith("#")] == samples
    assert [line.split()[2] for line in lines(page) if line.startswith("# TYPE")] == [
        "cloudstack_network_thing_errors_total",
        "cloudstack_network_thing_up",
        "cloudstack_network_things",
    ]
    assert b"".join(page.text(openmetrics=True)).endswith(b"\n# EOF\n")
    assert b"EOF" not in b"".join(page.text())


def test_gzip_is_the_same_page(page: Page, up: Metric) -> None:
    """The compressed page is one member with the same bytes, in both formats."""
    page.put(ONE, "n1", up, [up.sample("z", str(n), value=n) for n in range(900)], None)
    for openmetrics in (False, True):
        decoder = zlib.decompressobj(31)
        unpacked = decoder.decompress(page.gzip(openmetrics=openmetrics)) + decoder.flush()
        assert unpacked == b"".join(page.text(openmetrics=openmetrics))
        assert decoder.eof
        assert not decoder.unused_data


def test_families_without_samples_are_absent(page: Page) -> None:
    """An empty page says only what it holds."""
    assert lines(page) == []
    assert about(page)["cloudstack_network_exporter_page_series"] == "0"


def test_stale_is_not_shown_at_exactly_its_time(page: Page, up: Metric, clock: HandClock) -> None:
    """A sample is there until its time and gone at it, without any other event."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], clock.boot() + 100)
    clock.turn(99.999)
    assert len(lines(page)) == 3
    clock.turn(0.001)
    assert lines(page) == []


def test_a_renewed_sample_lives_longer(page: Page, up: Metric, clock: HandClock) -> None:
    """The newest expiry holds, later or sooner than the one before."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], clock.boot() + 100)
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], clock.boot() + 200)
    clock.turn(150)
    assert len(lines(page)) == 3
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], clock.boot() + 10)
    clock.turn(10)
    assert lines(page) == []


def test_a_sample_with_the_life_of_its_target_stays(page: Page, up: Metric, clock: HandClock) -> None:
    """Without an expiry a sample stays until its target is forgotten, also when it had one before."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], clock.boot() + 100)
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], None)
    clock.turn(1e9)
    assert len(lines(page)) == 3
    page.forget(ONE)
    assert lines(page) == []


def test_renewing_does_not_grow_the_heap(page: Page, up: Metric, clock: HandClock) -> None:
    """A sample renewed and removed for a day leaves a handful of entries, not one per visit."""
    for turn in range(3000):
        page.put(ONE, "n1", up, [up.sample("z", "a", value=1)] if turn % 7 else [], clock.boot() + 150)
        clock.turn(30)
        page.expire()
    assert len(page._deadlines) <= 2


def test_forgetting_takes_every_family_of_that_target_only(page: Page, up: Metric, errors: Metric) -> None:
    """A target gone from CloudStack takes all its series along and nobody else's."""
    for target, name in ((ONE, "a"), (TWO, "b")):
        page.put(target, "n1", up, [up.sample("z", name, value=1)], None)
        page.put(target, "n1", errors, [errors.sample(name, value=1)], None)
    page.forget(ONE)
    page.forget(("router", "unknown"))
    assert [line for line in lines(page) if not line.startswith("#")] == [
        'cloudstack_network_thing_errors_total{zone="b"} 1',
        'cloudstack_network_thing_up{zone="z",thing="b"} 1',
    ]


def test_no_samples_remove_the_old_ones(page: Page, up: Metric) -> None:
    """A judgment that yields nothing any more leaves nothing behind, and its names are free again."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], None)
    page.put(ONE, "n1", up, [], None)
    assert lines(page) == []
    page.put(TWO, "n1", up, [up.sample("z", "a", value=0)], None)
    assert lines(page)[-1].endswith("} 0")


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [("z", "a", math.nan)],
        [("z", 'x"} 1\nfake{a="', 1)],
        [("z", f"{n}", n) for n in range(5000)],
        [("z", "b", 1)],  # the other target's own labels
        [("z", "\x00\udcff" * 500, 1)] * 9,
    ],
)
def test_one_bad_target_changes_only_its_own_lines(page: Page, up: Metric, sent: list[tuple[str, str, float]]) -> None:
    """Whatever one target sends, every byte of the others stays."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], None)
    page.put(TWO, "n2", up, [up.sample("z", "b", value=1), up.sample("z", "c", value=0)], None)
    others = lines(page)[-2:]
    page.put(ONE, "n1", up, [up.sample(zone, thing, value=value) for zone, thing, value in sent], None)
    shown = lines(page)
    assert shown[-2:] == others
    assert all(line.startswith(("# HELP", "# TYPE", "cloudstack_network_thing_up{")) for line in shown)
    assert len(set(shown)) == len(shown)


def test_a_second_sample_with_the_same_labels_is_refused(page: Page, up: Metric) -> None:
    """The first wins, within a target and across targets, and the refusals are counted."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1), up.sample("z", "a", value=0)], None)
    page.put(TWO, "n1", up, [up.sample("z", "a", value=0), up.sample("z", "b", value=1)], None)
    assert [line for line in lines(page) if not line.startswith("#")] == [
        'cloudstack_network_thing_up{zone="z",thing="a"} 1',
        'cloudstack_network_thing_up{zone="z",thing="b"} 1',
    ]
    name = "cloudstack_network_exporter_page_samples_refused_total"
    assert about(page)[f'{name}{{metric="cloudstack_network_thing_up",reason="duplicate"}}'] == "2"


def test_a_refused_sample_comes_back_when_its_labels_are_free(page: Page, up: Metric) -> None:
    """When the first owner of the labels is gone, the next put of the other is shown."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], None)
    page.put(TWO, "n1", up, [up.sample("z", "a", value=0)], None)
    page.forget(ONE)
    page.put(TWO, "n1", up, [up.sample("z", "a", value=0)], None)
    assert lines(page)[-1] == 'cloudstack_network_thing_up{zone="z",thing="a"} 0'


def test_labels_cut_to_the_same_text_are_duplicates(page: Page, up: Metric) -> None:
    """Two names that differ only behind the bound are one series."""
    page.put(ONE, "n1", up, [up.sample("z", "x" * 300 + end, value=1) for end in "ab"], None)
    assert len(lines(page)) == 3


def test_values_that_are_not_finite_are_refused(page: Page, up: Metric) -> None:
    """NaN is neither healthy nor broken: no line, and counted; the neighbour stays."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1), up.sample("z", "b", value=1)], None)
    page.put(ONE, "n1", up, [up.sample("z", "a", value=math.nan), up.sample("z", "b", value=0)], None)
    assert lines(page)[2:] == ['cloudstack_network_thing_up{zone="z",thing="b"} 0']
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1), up.sample("z", "b", value=1)], None)
    assert len(lines(page)) == 4
    assert page.statistics().refused == {(up.name, "not_finite"): 1}


def test_series_are_capped_per_target_and_family(make_page: Callable[..., Page], up: Metric) -> None:
    """Past the limit series are cut off, the number stands on the page, and it goes when the flood ends."""
    page = make_page(series_limit=3)
    page.put(ONE, "n1", up, [up.sample("z", str(n), value=1) for n in range(10)], None)
    page.put(TWO, "n1", up, [up.sample("z", f"b{n}", value=1) for n in range(4)], None)
    cut = 'cloudstack_network_exporter_page_series_truncated{metric="cloudstack_network_thing_up"}'
    assert len(lines(page)) == 2 + 6
    assert about(page)[cut] == "8"
    page.put(ONE, "n1", up, [up.sample("z", "1", value=1)], None)
    page.forget(TWO)
    assert cut not in about(page)


def test_new_values_go_into_the_old_lines(page: Page, up: Metric) -> None:
    """Values change many times while labels stay, spaces and quotes in labels included."""
    things = ["a b", 'c"d', "e\\ f", "100%d"]
    for turn in (1, 0.5, 12345678901234567890, 0):
        page.put(ONE, "n1", up, [up.sample("z", thing, value=turn + n) for n, thing in enumerate(things)], None)
        shown = [line.rsplit(" ", 1)[1] for line in lines(page)[2:]]
        assert [float(value) for value in shown] == [float(turn + n) for n in range(4)]


def test_labels_that_change_make_new_lines(page: Page, up: Metric) -> None:
    """Other labels with the same values are other lines, also when only their order differs."""
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1), up.sample("z", "b", value=2)], None)
    page.put(ONE, "n1", up, [up.sample("z", "b", value=1), up.sample("z", "a", value=2)], None)
    assert [line[-12:] for line in lines(page)[2:]] == ['thing="b"} 1', 'thing="a"} 2']


def test_the_page_says_what_it_holds(page: Page, up: Metric) -> None:
    """Series and bytes are those of the sample lines, the same in both formats."""
    page.put(ONE, "n1", up, [up.sample("z", str(n), value=1) for n in range(5)], None)
    text = "\n".join(lines(page)[2:]) + "\n"
    assert about(page) == {
        "cloudstack_network_exporter_page_bytes": str(len(text.encode())),
        "cloudstack_network_exporter_page_series": "5",
    }
    assert page.statistics().size == len(text.encode())


def test_the_process_speaks_last(make_page: Callable[..., Page], up: Metric) -> None:
    """What prometheus_client renders is one more chunk, in the format asked for."""
    page = make_page(own=lambda openmetrics: b"own_om 1\n" if openmetrics else b"own 1\n")
    page.put(ONE, "n1", up, [up.sample("z", "a", value=1)], None)
    assert b"".join(page.text()).endswith(b"\nown 1\n")
    assert b"".join(page.text(openmetrics=True)).endswith(b"\nown_om 1\n# EOF\n")


def test_order_does_not_depend_on_history(make_page: Callable[..., Page], up: Metric) -> None:
    """Two pages with the same samples are the same bytes, however they came to them."""
    targets = [(("host", f"z/h{n}"), f"c{n % 3}") for n in range(60)]
    forward, backward = make_page(shard_size=300), make_page(shard_size=300)
    for page, order in ((forward, targets), (backward, targets[::-1])):
        for target, home in order:
            page.put(target, home, up, [up.sample("z", target[1], value=1)], None)
    backward.put(targets[5][0], "c2", up, [up.sample("z", "other", value=1)], None)
    backward.put(targets[5][0], "c2", up, [up.sample("z", "z/h5", value=1)], None)
    assert b"".join(forward.text()) == b"".join(backward.text())


def test_two_metrics_of_one_name_are_a_defect(clock: HandClock, up: Metric, errors: Metric) -> None:
    """Names must differ in both formats, where OpenMetrics drops a counter's suffix."""
    with pytest.raises(ValueError, match="cloudstack_network_thing_up"):
        Page(clock, (up, up))
    with pytest.raises(ValueError, match="cloudstack_network_thing_errors"):
        Page(clock, (errors, Metric("cloudstack_network_thing_errors", "The same.")))
    with pytest.raises(ValueError, match="page_series"):
        Page(clock, PAGE_METRICS)


def test_an_unknown_metric_is_a_defect(page: Page) -> None:
    """Only metrics that the page was made with can be put, so that names are checked before."""
    other = Metric("other", "Not known.")
    with pytest.raises(KeyError):
        page.put(ONE, "n1", other, [Sample(other, (), 1)], None)
