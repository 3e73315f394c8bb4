"""Write alerts/<issue>.rules.yml and alerts/tests/<issue>_test.yml from alerts/src/<issue>.yml.

``--check`` writes nothing and fails when a file differs. Exit code: 0 fine, 1 different, 2 a row or the configuration
cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from alerts import cases, promtool, selfcases
from alerts.contract import used
from alerts.expressions import DEFAULTS, INVENTORY, Judged, judged
from alerts.rows import SOURCE, RowError, load, sources
from alerts.rules import ANYWHERE, HEADER, RUNBOOKS, Rule, Site, render, render_records, rule, with_thresholds
from exporter.cloud.targets import TARGET_TYPES
from exporter.config import ConfigError, load_intervals

HERE = Path(__file__).parent
KINDS = tuple(target.kind for target in TARGET_TYPES)


def rules_of(source: Path, known: dict[str, Judged], site: Site = ANYWHERE) -> tuple[Rule, ...]:
    """Return the rules of one source file.

    Raises:
        RowError: a row cannot be used.
    """
    return tuple(rule(row, known, site) for row in load(source))


def files(folder: Path = SOURCE, site: Site = ANYWHERE) -> Iterator[tuple[str, str]]:
    """Yield the path below alerts/ and the text of every generated file.

    Raises:
        RowError: a row cannot be used.
    """
    known = judged()
    yield "recorded.rules.yml", render_records()
    for source in sources(folder):
        issue = source.stem
        rules = rules_of(source, known, site)
        yield f"{issue}.rules.yml", render(issue, rules)
        tests = promtool_tests(rules, (f"../{issue}.rules.yml", "../recorded.rules.yml"))
        yield f"tests/{issue}_test.yml", HEADER.format(f"src/{issue}.yml") + tests


def promtool_tests(rules: Iterable[Rule], rule_files: tuple[str, ...]) -> str:
    """Return the promtool tests of rules that stand in ``rule_files``."""
    return dump(promtool.document(rule_files, ((rule, tuple(_cases(rule))) for rule in rules)))


def _cases(rule: Rule) -> Iterator[cases.Case]:
    """Yield the cases of a rule: of the metrics' own problem, or of a condition written by hand."""
    return selfcases.cases(rule) if rule.row.expr else cases.cases(rule)


def dump(data: object) -> str:
    """Return YAML that is the same on every machine."""
    text: str = yaml.dump(
        data, Dumper=yaml.CSafeDumper, sort_keys=False, width=10_000, allow_unicode=True, default_flow_style=None
    )
    return text


def main(arguments: list[str] | None = None) -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--runbooks", default=RUNBOOKS, help="address under which docs/runbooks is served")
    parser.add_argument("--dashboards", default="", help="address of Grafana, for the links in notifications")
    parser.add_argument(
        "--config.file", dest="config", type=Path, metavar="FILE", help="of the exporter: rules follow its intervals"
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder to read from")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        site = _site(options)
        generated = dict(files(options.source, site))
        seldom = too_seldom(options.source, site)
    except (RowError, ConfigError) as error:
        print(error, file=sys.stderr)
        return 2
    if seldom:
        print(f"written by hand for the default intervals, look at them: {', '.join(seldom)}", file=sys.stderr)
    stale = [path for path, text in generated.items() if not _is_same(options.output / path, text)]
    if options.check:
        print("\n".join(f"alerts/{path} differs: run python alerts/generate.py" for path in stale), file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (options.output / path).parent.mkdir(parents=True, exist_ok=True)
        (options.output / path).write_text(generated[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


def _site(options: argparse.Namespace) -> Site:
    intervals = load_intervals(options.config) if options.config else DEFAULTS
    return Site(runbooks=options.runbooks.rstrip("/"), dashboards=options.dashboards.rstrip("/"), intervals=intervals)


def too_seldom(folder: Path, site: Site) -> tuple[str, ...]:
    """Return the alerts that rate what is now looked at more seldom than their windows were made for."""
    known = judged()
    longer = {kind for kind in (*KINDS, INVENTORY) if getattr(site.intervals, kind) > getattr(DEFAULTS, kind)}
    return tuple(
        row.alert
        for source in sources(folder)
        for row in load(source)
        if row.expr and longer & {kind for one in used(with_thresholds(row.expr)) for kind in _kinds(one.name, known)}
    )


def _kinds(metric: str, known: dict[str, Judged]) -> tuple[str, ...]:
    return known[metric].kinds if metric in known else ()


def _is_same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
