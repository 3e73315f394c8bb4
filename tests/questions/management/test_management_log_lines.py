"""Lines of management-server.log: four eras, stack traces, repetitions, and what each message means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.questions.management.log_lines import OTHER_LOGGERS, LogCounts, local_seconds, messages
from exporter.questions.management.log_signatures import SIGNATURES

SAMPLES = Path(__file__).parents[2] / "samples/log/signatures.tsv"
ROWS = [line.split("\t") for line in SAMPLES.read_text().splitlines() if line and not line.startswith("#")]
TOPOLOGY = "BasicNetworkTopology"
ERAS = {
    "1": f"2013-02-26 10:12:13,123 WARN  [network.router.{TOPOLOGY}] (Job-Executor-12:job-123) {{}}",
    "2": f"2014-06-01 10:12:13,123 WARN  [c.c.n.r.{TOPOLOGY}] (Job-Executor-1:ctx-12ab34cd ctx-56ef78aa) {{}}",
    "3": f"2023-08-03 06:40:14,748 WARN  [o.a.c.s.{TOPOLOGY}] (Work-4:ctx-bdb6d533 job-5/job-6) (logid:ec80f579) {{}}",
    "4": f"2025-10-27 15:50:13,678 WARN  [c.c.c.{TOPOLOGY}] (Cluster-1:[ctx-801bd743]) (logid:dd9e64e8) {{}}",
    "4 empty": f"2025-10-27 15:50:13,678 WARN  [c.c.c.{TOPOLOGY}] (main:[]) (logid:) {{}}",
}
DEAD = "Unable to apply dhcp entry on disconnected router r-4-VM"


def counted(*lines: str) -> LogCounts:
    """Return what these lines count to."""
    counts = LogCounts()
    counts.take(messages(lines))
    return counts


def line(message: str, *, second: int = 13, level: str = "WARN", logid: str = "aa", logger: str = "c.c.X") -> str:
    return f"2025-10-27 15:50:{second:02d},678 {level:<5} [{logger}] (T-1:[ctx-1]) (logid:{logid}) {message}"


def in_era(era: str, level: str, text: str) -> str:
    """Return a line as an era writes it."""
    return ERAS[era].replace("WARN ", f"{level:<5}").format(text)


@pytest.mark.parametrize(
    ("name", "era", "level", "text"),
    [(name, era, level, text) for name, eras, level, text in ROWS for era in eras],
    ids=lambda word: word if len(word) < 40 else "",
)
def test_each_signature_knows_its_message(name: str, era: str, level: str, text: str) -> None:
    """In each era whose wording is known, whatever stands above and below it in the table."""
    counts = counted(in_era(era, level, text))
    assert counts.by_signature == {name: 1}
    assert counts.unknown == {}


def test_every_signature_has_a_sample_and_a_name_of_its_own() -> None:
    """The table and the samples name the same rows, in the same order."""
    names = [row.name for row in SIGNATURES]
    assert len(set(names)) == len(names)
    assert list(dict.fromkeys(row[0] for row in ROWS)) == names


@pytest.mark.parametrize("era", ERAS)
def test_every_era_is_read(era: str) -> None:
    """Header, logger's class, log id where there is one, and the message."""
    (message,) = messages([ERAS[era].format(DEAD)])
    assert (message.level, message.text) == ("WARN", DEAD)
    assert message.logger == TOPOLOGY
    assert counted(ERAS[era].format(DEAD)).by_signature == {"router_disconnected": 1}


def test_a_stack_trace_belongs_to_the_message_above_it() -> None:
    """The exception below a vague message says what it was; places in code say nothing."""
    counts = counted(
        line("Unexpected exception while executing", level="ERROR"),
        "com.cloud.exception.InsufficientVirtualNetworkCapacityException: Unable to allocate vnet as a part of network",
        "\tat com.cloud.network.guru.GuestNetworkGuru.allocateVnet(GuestNetworkGuru.java:300)",
        line("something fine", level="INFO", second=14),
    )
    assert counts.by_signature == {"vlan_exhausted": 1}
    assert counts.unknown == {}


def test_what_nested_loggers_repeat_counts_once() -> None:
    """One log id, one signature, one minute; another log id or a later minute counts again."""
    counts = counted(line(DEAD), line(DEAD, second=20), line(DEAD, logid="bb"))
    assert counts.by_signature == {"router_disconnected": 2}
    counts.take(messages([line(DEAD).replace("15:50", "15:52")]))
    assert counts.by_signature == {"router_disconnected": 3}


def test_the_last_quarter_of_an_hour() -> None:
    """By the time written in the log and by that of reading: what was read late is old, what was read long ago too."""
    counts = LogCounts()
    start = local_seconds("2025-10-27 15:50:13")
    counts.take(messages([line(DEAD), line(DEAD, logid="bb")]), now=1000)
    assert counts.lately(1000, start) == {"router_disconnected": 2}
    assert counts.lately(1000, start + 800) == {"router_disconnected": 2}
    assert counts.lately(1899, start) == {"router_disconnected": 2}
    counts.take(messages([line(DEAD, logid="cc")]), now=1800)
    assert counts.lately(1900, start) == {"router_disconnected": 1}
    assert counts.lately(1900, start + 5000) == {}
    assert counts.by_signature == {"router_disconnected": 3}


def test_a_server_clock_that_goes_backwards() -> None:
    """What was read in its future is no longer of the last quarter of an hour; nothing is counted twice."""
    counts = LogCounts()
    counts.take(messages([line(DEAD)]), now=10_000)
    counts.take(messages([line(DEAD, logid="bb").replace("15:50", "12:50")]), now=2000)
    assert counts.lately(2000, local_seconds("2025-10-27 12:50:13")) == {"router_disconnected": 1}
    assert counts.by_signature == {"router_disconnected": 2}


@pytest.mark.parametrize("before", ["2025-10-26 02:59:59", "2025-03-30 01:59:59", "2025-02-30 10:00:00"])
def test_an_hour_that_comes_twice_or_never(before: str) -> None:
    """Summer time and days that are none shift only what is told as lately, for an hour at most."""
    again = "2025-10-26 02:00:01"
    counts = counted(*(line(DEAD).replace("2025-10-27 15:50:13", at) for at in (before, again)))
    assert sum(counts.by_signature.values()) == 2


def test_no_text_is_kept() -> None:
    """What is remembered so that repetitions count once tells nothing of the message, known or not."""
    counts = counted(line("odd CANARY", level="ERROR"), line("odd CANARY", level="ERROR"), line(f"{DEAD} CANARY"))
    assert counts.unknown == {"other": 1}
    assert "CANARY" not in repr(counts)


def test_levels_below_warning_count_only_where_the_table_says_so() -> None:
    """A failover is told at INFO; a disconnected router at DEBUG is talk."""
    counts = counted(
        line("Redundant virtual router (name: r-7-VM, id: 7) just switch from BACKUP to PRIMARY", level="INFO"),
        line(DEAD, level="DEBUG", logid="b"),
    )
    assert counts.by_signature == {"router_failover": 1}
    assert counts.by_level == {}


def test_unknown_errors_are_counted_by_class_and_bounded() -> None:
    """A class that is none, or one too many, is other; warnings that nobody knows are only in the sum."""
    names = [f"a.b.C{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(OTHER_LOGGERS + 5)]
    lines = [line("odd", level="ERROR", logger=name, logid=name) for name in names]
    counts = counted(*lines, line("odd", level="ERROR", logger="a.b.{evil}", logid="e"), line("hm", logid="w"))
    assert len(counts.unknown) == OTHER_LOGGERS + 1
    assert counts.unknown["other"] == 6
    assert counts.by_level == {"ERROR": OTHER_LOGGERS + 6, "WARN": 1}


@pytest.mark.parametrize(
    "logger", ["c.c.a.ApiServer", "StateMachine2", "o.a.c.S3TemplateDownloader", "c.Outer$Inner", "Ovm3VmSupport"]
)
def test_names_of_classes(logger: str) -> None:
    """As Java has them."""
    assert counted(line("odd", level="ERROR", logger=logger)).unknown == {logger.rpartition(".")[2]: 1}


@pytest.mark.parametrize(
    "logger", ["a.eyJhbGciOiJIUzI1", "a.Ab12Cd34", "x.UPPER", "p4ssw0rd", "Ärger", "Cl" * 40, "a.A b"]
)
def test_what_is_no_name_of_a_class(logger: str) -> None:
    """Could be anything, and is other."""
    assert counted(line("odd", level="ERROR", logger=logger)).unknown == {"other": 1}


def test_a_virtual_machine_named_like_the_exporter_is_no_excuse() -> None:
    """What fails for it has failed."""
    text = 'Failed to update userdata for vm VM instance {"id":55,"name":"cloudstack-network-exporter"} and nic 12'
    assert counted(line(text)).by_signature == {"user_data_not_updated": 1}


@pytest.mark.parametrize("name", ["agent_port_handshake", "port_dialled", "console_ticket_refused"])
def test_what_probes_cause_is_noise(name: str) -> None:
    """Those of load balancers, of people, and of the exporter."""
    texts = [(level, text) for row, _, level, text in ROWS if row == name]
    for level, text in texts:
        assert counted(line(text, level=level)).by_signature == {name: 1}
    assert texts
    assert next(row for row in SIGNATURES if row.name == name).is_noise


def test_what_the_exporter_dials_is_in_no_sum() -> None:
    """Whoever connects to the port of agents and hangs up is told like this, with the exception below it."""
    head = "2021-12-23 10:15:02,112 WARN  [c.c.u.n.Link] (AgentManager-SSLHandshakeHandler-11:null) (logid:)"
    told = (
        f"{head} This SSL engine was forced to close inbound due to end of stream.",
        "javax.net.ssl.SSLException: closing inbound before receiving peer's close_notify",
        "\tat java.base/sun.security.ssl.Alert.createSSLException(Alert.java:133)",
    )
    counts = counted(*told, line("Failure during validating cluster request from 10.1.1.12", logger="a.ListenerThread"))
    assert counts.by_signature == {"port_dialled": 2}
    assert counts.by_level == {}
    assert counts.unknown == {}


def test_a_connection_to_another_server_that_breaks_is_told_as_ever() -> None:
    """The exception alone is no probe's: connections to the database end with it too."""
    below = "javax.net.ssl.SSLException: closing inbound before receiving peer's close_notify"
    assert counted(line("Unable to query", level="ERROR", logger="c.c.Dao"), below).by_level == {"ERROR": 1}


@given(st.lists(st.text(max_size=200), max_size=20))
def test_garbage_counts_nothing(lines: list[str]) -> None:
    """Whatever stands in the log, nothing is made of it but messages with a header."""
    counts = counted(*lines)
    assert not counts.by_signature or any("(" in one for one in lines)


@given(st.text(max_size=300), st.sampled_from(["ERROR", "WARN", "FATAL"]))
def test_labels_stay_words(text: str, level: str) -> None:
    """What becomes a label is a name of the table, a plain class name, or other."""
    counts = counted(
        line(text.replace("\n", " "), level=level, logger=text.replace("]", "").replace("\n", "")[:50] or "x")
    )
    assert all(name.replace("_", "").replace("$", "").isalnum() for name in (*counts.unknown, *counts.by_signature))
