"""The board about the exporter itself: can the rest be believed?"""

from __future__ import annotations

from dashboards.src.board import Board, Row
from dashboards.src.panels import ZONES, Column, graph, last_seen, objects, once, selector, stat, table
from dashboards.src.style import CRITICAL, OK, UNKNOWN, WARNING, steps, words
from exporter.thresholds import EVENT_LOOP_LAG_SECONDS, TARGETS_BLIND_RATIO

OWN = "cloudstack_network_exporter_"
PROCESS = ("job", "instance")
TARGET = ("job", "kind", "zone", "target")


def _seen(name: str, *extra: str) -> str:
    return selector(OWN + name, *extra, by=PROCESS)


def _target(name: str) -> str:
    """Return what is told of targets, those of no zone included, once where several exporters tell it."""
    return once(selector(OWN + name, ZONES, by=PROCESS))


def _process(name: str, window: str = "") -> str:
    """Return a process metric of the exporter alone, whatever else the job scrapes."""
    seen = selector(name, by=PROCESS)
    rated = f"rate({seen}[{window}])" if window else seen
    return f"{rated} and on (job, instance) {_seen('build_info')}"


def _blind(by: str) -> str:
    return f"1 - avg by ({by}) ({_target('target_up')})"


NOW = Row(
    panels=(
        stat(
            "Exporter",
            "Is a page scraped at all? If it says no data: runbook CloudStackNetExporterAbsent.",
            f"count({_seen('build_info')})",
            mappings=words({0: ("none", CRITICAL)}),
        ),
        stat(
            "CloudStack API",
            "Is the inventory fresh? If not: runbook CloudStackNetInventoryStale.",
            f"min(max by (job) ({_seen('inventory_up')}))",
            mappings=words({1: ("read", OK), 0: ("NOT READ", CRITICAL)}),
        ),
        stat(
            "Inventory age",
            "How old is the newest complete picture of CloudStack?",
            f"time() - max({_seen('inventory_last_success_timestamp_seconds')})",
            unit="s",
        ),
        stat(
            "Targets not answering",
            "Share of all targets whose last visit failed.",
            f"1 - avg({_target('target_up')})",
            unit="percentunit",
            min=0,
            max=1,
            thresholds=steps((TARGETS_BLIND_RATIO, WARNING)),
        ),
        stat(
            "Unknown objects",
            "Objects on which at least one issue has no verdict. They are not healthy, they are unknown.",
            objects("unknown"),
            thresholds=steps((1, UNKNOWN)),
        ),
        stat(
            "Accepted findings",
            "Findings that the configuration accepts until a date; the table below names them.",
            f"count({once(selector('cloudstack_network_finding_accepted'))}) or (0 * count({_seen('build_info')}))",
        ),
    ),
)

TARGETS = Row(
    title="Targets",
    panels=(
        graph(
            "Share not answering",
            "By kind. A step in one kind is a fault of ours or of the way there; single machines hardly move it.",
            {"{{kind}}": _blind("kind")},
            unit="percentunit",
            size=(8, 8),
            min=0,
            max=1,
        ),
        graph(
            "Slowest visit",
            "How long does the slowest visit of each kind take? It is given up at the deadline.",
            {"{{kind}}": f"max by (kind) ({_target('target_visit_duration_seconds')})"},
            unit="s",
            size=(8, 8),
        ),
        graph(
            "Visits",
            "Visits per second, by kind. A kind at 0 is no longer visited.",
            {"{{kind}}": f"sum by (kind) (rate({_seen('visits_total')}[$__rate_interval]))"},
            unit="ops",
            size=(8, 8),
        ),
        table(
            "Targets that do not answer",
            "Which machines are blind, and since when? One that never answered counts from the exporter's start. "
            "If many: runbook CloudStackNetTargetsBlind.",
            (
                Column(
                    heading="Silent for",
                    expr=f"(time() - {last_seen(*TARGET)}) and on ({', '.join(TARGET)}) ({_target('target_up')} == 0)",
                    settings={"unit": "s"},
                ),
            ),
            size=(16, 8),
        ),
        table(
            "Intervals",
            "How often is each kind visited?",
            (Column(heading="Every", expr=f"max by (kind) ({_seen('interval_seconds')})", settings={"unit": "s"}),),
            size=(8, 8),
        ),
    ),
)

QUESTIONS = Row(
    title="Questions and API",
    panels=(
        graph(
            "Unanswered questions",
            "By reason. auth and host_key mean credentials; timeout and unreachable mean the way there.",
            {"{{reason}}": f"sum by (reason) (rate({_seen('question_failures_total')}[$__rate_interval])) > 0"},
            unit="ops",
        ),
        graph(
            "Failed API requests",
            "By reason. If booting: the management server is starting.",
            {"{{reason}}": f"sum by (reason) (rate({_seen('api_request_failures_total')}[$__rate_interval])) > 0"},
            unit="ops",
        ),
        graph(
            "API requests",
            "Requests per second, by command, against the limit per_second.",
            {"{{command}}": f"sum by (command) (rate({_seen('api_requests_total')}[$__rate_interval]))"},
            unit="reqps",
        ),
        graph(
            "Rows lost",
            "Rows of the API, in the last hour, that could not be read or were counted and not given: objects that "
            "nobody watches. Above 0: runbook CloudStackNetInventoryRowsLost.",
            {
                "{{command}} unreadable": f"sum by (command) (increase({_seen('api_rows_skipped_total')}[1h]))",
                "{{command}} missing": f"sum by (command) (increase({_seen('api_rows_missing_total')}[1h]))",
            },
            unit="short",
        ),
        graph(
            "Inventory",
            "Objects that CloudStack lists. A sudden drop: runbook CloudStackNetInventoryShrunk.",
            {"{{kind}}": f"max by (kind) ({_seen('inventory_objects')})"},
            unit="short",
        ),
    ),
)

DATABASE = Row(
    title="Database",
    panels=(
        table(
            "Database server",
            "Which server is asked, and as what?",
            (Column(heading="Asked", expr=_seen("database_server_info")),),
            hide=("Value", "job", "instance"),
            size=(6, 7),
        ),
        graph(
            "Unanswered",
            "Questions without an answer: all while it cannot be judged, single ones when their statement fails. If it "
            "stays above 0: runbook CloudStackNetDatabaseBlind.",
            {"{{database}}": f"min by (database) ({_seen('database_unanswered')})"},
            unit="short",
            size=(6, 7),
            min=0,
        ),
        graph(
            "Behind",
            "How far is the server behind at most, by its replication and its newest heartbeat? Past the limit nothing "
            "is judged.",
            {"{{server}}": f"max by (server) ({_seen('database_lag_seconds')})"},
            unit="s",
            size=(6, 7),
        ),
        graph(
            "Clock ahead",
            "How far is the clock of the server ahead of the exporter's? Grace periods are counted by it.",
            {"{{server}}": f"max by (server) ({_seen('database_clock_ahead_seconds')})"},
            unit="s",
            size=(6, 7),
        ),
    ),
)

PAGE = Row(
    title="Page and process",
    collapsed=True,
    panels=(
        graph(
            "Page size",
            "Bytes of the page and series on it.",
            {"{{instance}}": f"max by (instance) ({_seen('page_bytes')})"},
            unit="bytes",
            size=(8, 8),
        ),
        graph(
            "Series",
            "Series on the page, those cut off, and samples refused since the start.",
            {
                "{{instance}}": f"max by (instance) ({_seen('page_series')})",
                "{{instance}} cut off": f"sum by (instance) ({_seen('page_series_truncated')})",
                "{{instance}} refused": f"sum by (instance) (increase({_seen('page_samples_refused_total')}[1h]))",
            },
            unit="short",
            size=(8, 8),
        ),
        graph(
            "Event loop lag",
            "How late does the exporter answer itself? Above the line visits time out that would have worked.",
            {"{{instance}}": f"max by (instance) ({_seen('event_loop_lag_seconds')})"},
            unit="s",
            size=(8, 8),
            thresholds=steps((EVENT_LOOP_LAG_SECONDS, WARNING)),
        ),
        graph(
            "Internal errors",
            "Defects met in the last hour; the log has the traceback.",
            {"{{instance}}": f"sum by (instance) (increase({_seen('internal_errors_total')}[1h]))"},
            unit="short",
            size=(8, 8),
        ),
        graph(
            "Memory",
            "Resident memory. It follows the number of objects and must not rise without end.",
            {"{{instance}}": _process("process_resident_memory_bytes")},
            unit="bytes",
            size=(8, 8),
        ),
        graph(
            "CPU",
            "Share of one core; visits are phase-shifted, so it is even.",
            {"{{instance}}": _process("process_cpu_seconds_total", "$__rate_interval")},
            unit="percentunit",
            size=(8, 8),
        ),
        table(
            "Build",
            "Which version runs where?",
            (Column(heading="Seen", expr=_seen("build_info")),),
            hide=("Value",),
            size=(12, 6),
        ),
        table(
            "Accepted by configuration",
            "Which findings are accepted, and does an entry match nothing? See accept: in the configuration.",
            (
                Column(heading="Accepted", expr=selector("cloudstack_network_finding_accepted")),
                Column(heading="Entries without a finding", expr=_seen("accept_entries_unmatched")),
            ),
            hide=("job", "Value #A"),
            size=(12, 6),
        ),
    ),
)


def board() -> Board:
    """Return the board."""
    return Board(
        uid="csnet-exporter",
        title="CloudStack network / Exporter",
        description="Can the other boards be believed? What the exporter sees, what it does not, and what it costs.",
        rows=(NOW, TARGETS, QUESTIONS, DATABASE, PAGE),
    )
