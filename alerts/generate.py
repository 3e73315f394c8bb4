"""Write alerts/<issue>.rules.yml and alerts/tests/<issue>_test.yml from alerts/src/<issue>.yml.

``--check`` writes nothing and fails when a file differs. Exit code: 0 fine, 1 different, 2 a row cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from alerts import cases, promtool, selfcases
from alerts.expressions import Judged, judged
from alerts.rows import SOURCE, RowError, load, sources
from alerts.rules import HEADER, RUNBOOKS, Rule, render, render_records, rule

HERE = Path(__file__).parent


def rules_of(source: Path, known: dict[str, Judged], runbooks: str = RUNBOOKS) -> tuple[Rule, ...]:
    """Return the rules of one source file.

    Raises:
        RowError: a row cannot be used.
    """
    return tuple(rule(row, known, runbooks) for row in load(source))


def files(folder: Path = SOURCE, runbooks: str = RUNBOOKS) -> Iterator[tuple[str, str]]:
    """Yield the path below alerts/ and the text of every generated file.

    Raises:
        RowError: a row cannot be used.
    """
    known = judged()
    yield "recorded.rules.yml", render_records()
    for source in sources(folder):
        issue = source.stem
        rules = rules_of(source, known, runbooks)
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
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder to read from")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        generated = dict(files(options.source, options.runbooks))
    except RowError as error:
        print(error, file=sys.stderr)
        return 2
    stale = [path for path, text in generated.items() if not _is_same(options.output / path, text)]
    if options.check:
        print("\n".join(f"alerts/{path} differs: run python alerts/generate.py" for path in stale), file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (options.output / path).parent.mkdir(parents=True, exist_ok=True)
        (options.output / path).write_text(generated[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


def _is_same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
