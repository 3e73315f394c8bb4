"""What is wrong with a configuration that could be loaded: files nobody can use, names that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from exporter.app import metrics
from exporter.checks import discover
from exporter.config import Accept, Config, Intervals
from exporter.config.mistakes import Place
from exporter.config.models import SshConfig, TemplatesConfig
from exporter.model import Metric
from exporter.sources.ssh_files import key_parser, parse_known_hosts

Found = Iterator[tuple[Place, str]]

SHORTEST = 10.0
"""Seconds of the shortest interval that is sensible: many visits take as long, and would follow each other at once."""


def mistakes(config: Config) -> Found:
    """Yield the place of each mistake, and what to do about it. Files are only read."""
    yield from _ssh(config.ssh)
    yield from _templates(config.templates)
    yield from _accept(config.accept, {metric.name: metric for metric in metrics(discover())})


def cautions(config: Config) -> Found:
    """Yield the place of what can be used and is hardly meant, and why."""
    usual = Intervals().model_dump()
    for name, seconds in config.intervals:
        if seconds < SHORTEST:
            words = f"each {seconds:g} s is a load without a pause: {SHORTEST:g} or more, usually {usual[name]:g}"
            yield ("intervals", name), words


def _ssh(given: SshConfig | None) -> Found:
    if given is None:
        return
    passphrase = given.key_passphrase.get_secret_value() if given.key_passphrase else None
    key, known = ("ssh", "key_file"), ("ssh", "known_hosts_file")
    yield from _unusable(key, given.key_file, key_parser(passphrase), "put the private key there")
    yield from _unusable(known, given.known_hosts_file, _lines, "privileges hosts with ssh-keyscan makes one")


def _lines(data: bytes) -> None:
    parse_known_hosts(data)
    if not data.strip():
        message = "it is empty, so no host would be trusted"
        raise ValueError(message)


def _unusable(place: Place, path: Path, parse: Callable[[bytes], object], remedy: str) -> Found:
    """Yield why a file cannot be used."""
    try:
        parse(path.read_bytes())
    except OSError as error:
        yield place, f"{path} cannot be read: {error.strerror}: {remedy}"
    except ValueError as error:
        yield place, f"{path} cannot be used: {error}: {remedy}"


def _templates(given: TemplatesConfig | None) -> Found:
    if given is None:
        return
    for key, path in (("directory", given.directory), ("work", Path(given.work))):
        if not path.is_dir():
            yield ("templates", key), f"{path} is no directory here: make or mount it"


def _accept(entries: Iterable[Accept], known: dict[str, Metric]) -> Found:
    """Yield the entries that can match no finding: no such metric, none that can be a problem, no such label."""
    problems = sorted(name for name, metric in known.items() if metric.problem is not None)
    for number, entry in enumerate(entries):
        place: Place = ("accept", number)
        metric = known.get(entry.metric)
        if metric is None or metric.problem is None:
            what = "is no metric of the exporter" if metric is None else "is never a problem, so nothing is to accept"
            near = difflib.get_close_matches(entry.metric, problems, n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "see docs/metrics.md"
            yield (*place, "metric"), f"{entry.metric} {what}: {hint}"
            continue
        for index, matcher in enumerate(entry.matchers):
            if matcher.label not in metric.labels:
                labels = ", ".join(metric.labels)
                yield (*place, "matchers", index), f"{entry.metric} has no label {matcher.label}: it has {labels}"
