"""Writes the generated documents; ``--check`` only says whether they are what the code says.

docs/metrics.md, docs/questions.md, docs/privileges.md, the tables of docs/architecture.md and docs/template-lint.md,
and config/ from exporter/.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exporter import findings, telemetry
from exporter.app import metrics as page_metrics
from exporter.checks import discover
from exporter.config.example import example, schema
from exporter.inventory.privileges import ALLOWED
from exporter.judging import plan
from exporter.lint.rules import discover as rules
from exporter.model import Metric, Question, Reason, Via
from exporter.page.page import PAGE_METRICS
from exporter.privileges import lost
from exporter.questions import catalogue

ROOT = Path(__file__).resolve().parents[1]
WAYS = {
    Via.HOST: "On hypervisor hosts, by the collector",
    Via.MANAGEMENT_SERVER: "On management servers, by the collector",
    Via.SYSTEM_VM: "Inside system VMs, by the collector, through their host",
    Via.DATABASE: "In CloudStack's database, by a read-only account",
    Via.PROBE: "By the exporter itself, over the network",
    Via.DIAL: "By the exporter itself, to ports of hypervisor hosts",
    Via.IMAGE: "In template images, where the exporter runs",
}


def metrics_document() -> Iterator[str]:
    """Yield the lines of docs/metrics.md."""
    yield "# Metrics"
    yield ""
    yield "Made from the code by `docs/generate.py`. Sample values carry no timestamp; a verdict that is past its"
    yield "time is not shown. *Problem* is what findings, `check` and alerts call a problem."
    issue = None
    for registered in discover():
        if registered.issue is not issue:
            issue = registered.issue
            number = list(findings.TITLES).index(issue) + 1
            yield f"\n## {number}. {findings.TITLES[issue]} (`{issue.value}`)"
        yield f"\n### {registered.check.title}\n"
        yield from table(registered.check.metrics)
    own = {metric.name for registered in discover() for metric in registered.check.metrics}
    yield "\n## Roll-ups and the exporter itself\n"
    yield from table(sorted((m for m in (*page_metrics(()), *PAGE_METRICS) if m.name not in own), key=lambda m: m.name))
    yield "\nPer process, rendered by prometheus_client, beside `process_*`, `python_*`:\n"
    yield from process_rows()


def table(metrics: Iterable[Metric]) -> Iterator[str]:
    """Yield a Markdown table of metrics."""
    yield "| metric | labels | type | problem | meaning |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        yield row(metric)


def row(metric: Metric) -> str:
    """Return one row."""
    problem = f"`{metric.problem.promql('value')}`" if metric.problem else ""
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {labels} | {metric.kind} | {problem} | {cell(metric.help)} |"


def cell(text: str) -> str:
    """Return text that does not break a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def process_rows() -> Iterator[str]:
    """Yield the rows of the metrics about this process."""
    yield "| metric | type | meaning |"
    yield "|---|---|---|"
    families = telemetry.Telemetry(("host",)).registry.collect()
    for family in sorted(families, key=lambda family: family.name):
        if family.name.startswith(telemetry.PREFIX):
            name = family.name + ("_total" if family.type == "counter" else "")
            yield f"| `{name}` | {family.type} | {cell(family.documentation)} |"


def questions_document() -> Iterator[str]:
    """Yield the lines of docs/questions.md."""
    yield "# Everything that is ever asked elsewhere"
    yield ""
    yield "Made from the code by `docs/generate.py`. Nothing else is run or asked; all of it only reads. Each question"
    yield "has its own limit of time, enforced where it runs, and of bytes; a visit ends as soon as more has come than"
    yield "all its questions may bring. A question that is refused is one reason on what rests on it; the rest works."
    yield "\n## CloudStack API\n"
    yield "| command | read for |"
    yield "|---|---|"
    yield from (f"| `{command}` | {cell(why)} |" for command, why in ALLOWED.items())
    for way, title in WAYS.items():
        asked = [question for question in catalogue() if question.via is way]
        yield f"\n## {title}\n"
        if not asked:
            yield "Nothing yet."
        for question in asked:
            yield from question_lines(question)
    yield "\n## Reasons for a missing answer\n"
    yield "Label `reason`, a closed list: " + ", ".join(f"`{reason.value}`" for reason in Reason) + "."


def question_lines(question: Question[Any]) -> Iterator[str]:
    """Yield the section of one question."""
    cadence = "each visit" if question.every == 1 else f"each {question.every}th visit"
    if not any(question in asked for asked in plan(discover()).values()):
        cadence = "not yet, because no check needs it"
    yield f"### {question.name}\n"
    yield f"{question.why}\n"
    yield f"Needs: {question.privilege}. Asked: {cadence}. Limits: {question.seconds:g} s, {question.size} bytes.\n"
    if question.via in {Via.PROBE, Via.DIAL, Via.IMAGE}:
        yield f"> {question.text}\n"
        return
    yield "```sql" if question.via is Via.DATABASE else "```sh"
    yield question.text.strip()
    yield "```\n"


def privileges_document() -> Iterator[str]:
    """Yield the lines of docs/privileges.md."""
    yield "# What each question needs, and what is lost without it"
    yield ""
    yield "Made from the code by `docs/generate.py`. What is to be installed, `cloudstack-network-exporter privileges`"
    yield "prints: `api`, `ssh`, `wrapper`, `hosts`. With less than that, or with an account that is not root, each"
    yield "question that is refused is one reason, `permission`, on what rests on it; the rest works, and nothing that"
    yield "was not answered is called healthy. docs/questions.md has the text of every question."
    for way in (Via.HOST, Via.MANAGEMENT_SERVER, Via.SYSTEM_VM):
        yield f"\n## {WAYS[way]}"
        for question in catalogue():
            if question.via is way and any(question in asked for asked in plan(discover()).values()):
                yield from lost_lines(question)


def lost_lines(question: Question[Any]) -> Iterator[str]:
    """Yield the section of one question: what it needs, and what it is needed for."""
    gone = lost(question, (registered.check for registered in discover()))
    yield f"\n### {question.name}\n"
    yield f"{question.why} Needs: {question.privilege}.\n"
    for heading, checks in (
        ("Without it nothing is known of", gone.verdicts),
        ("Without it the machine may be missing where machines are compared", gone.comparisons),
        ("Without it less is seen of", gone.details),
    ):
        if checks:
            yield f"{heading}:\n"
            yield from (f"* {check.title}: {metric_names(check.metrics)}" for check in checks)
            yield ""


def metric_names(metrics: Iterable[Metric]) -> str:
    """Return names for a line of Markdown."""
    return ", ".join(f"`{metric.name}`" for metric in metrics)


def rooms() -> Iterator[str]:
    """Yield the table of rooms: every module's first line."""
    yield "| module | what it holds |"
    yield "|---|---|"
    for path in sorted((ROOT / "exporter").rglob("*.py")):
        name = path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__")
        text = path.read_text(encoding="utf-8")
        first = text.split('"""', 2)[1].strip().splitlines()[0] if text.startswith('"""') else ""
        yield f"| `{name}` | {cell(first)} |"


def architecture() -> str:
    """Return docs/architecture.md with its table of modules renewed."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    head = text.split("<!-- modules -->")[0]
    return f"{head}<!-- modules -->\n" + "\n".join(rooms()) + "\n"


def lint_rules() -> Iterator[str]:
    """Yield the table of the rules about template images."""
    yield "| rule | severity | of | what it breaks | remedy |"
    yield "|---|---|---|---|---|"
    for rule in rules():
        yield f"| `{rule.name}` | {rule.severity} | {rule.system} | {cell(rule.breaks)} | {cell(rule.remedy)} |"


def template_lint() -> str:
    """Return docs/template-lint.md with its table of rules renewed."""
    head = (ROOT / "docs/template-lint.md").read_text(encoding="utf-8").split("<!-- rules -->")[0]
    return f"{head}<!-- rules -->\n" + "\n".join(lint_rules()) + "\n"


def documents() -> dict[Path, str]:
    """Return path -> text of every generated document."""
    return {
        ROOT / "docs/metrics.md": "\n".join(metrics_document()) + "\n",
        ROOT / "docs/questions.md": "\n".join(questions_document()).rstrip() + "\n",
        ROOT / "docs/privileges.md": "\n".join(privileges_document()).replace("\n\n\n", "\n\n").rstrip() + "\n",
        ROOT / "docs/architecture.md": architecture(),
        ROOT / "docs/template-lint.md": template_lint(),
        ROOT / "config/exporter.example.yml": example(),
        ROOT / "config/exporter.schema.json": schema(),
    }


def main() -> int:
    """Write or check; return the exit code."""
    drifted = []
    for path, text in documents().items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            drifted.append(str(path.relative_to(ROOT)))
    if drifted:
        sys.stderr.write(f"not what the code says: {', '.join(drifted)}; run python docs/generate.py\n")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
