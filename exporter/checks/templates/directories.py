"""Directories in secondary storage of which CloudStack knows no template.

Symptom: somebody copied an image into secondary storage and it is not offered; or space is gone that no template has.
Detect:  the numbers of directories below template/tmpl, listed in a secondary storage VM, against vm_template and
         template_store_ref. One counts when two listings have shown it, with a look into the database between.
Fix:     an image that is wanted is registered from a URL; what nobody wants is removed after a look at its properties.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import DatabaseTarget, SecondaryStorageVmTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.templates import KNOWN_TEMPLATES
from exporter.questions.system_vms.storage_mounts import SSVM_TEMPLATE_DIRECTORIES
from exporter.thresholds import ROWS_PER_TARGET

Directory = tuple[int, int]  # account and template

UNKNOWN = Metric(
    "cloudstack_network_templates_unknown_directories",
    "Directories of templates on a mount of secondary storage that two listings have shown and the database lacks.",
    labels=("zone", "mount"),
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_templates_unknown_directory",
    "A directory below template/tmpl, as account/template, of which the database knows no template; at most twenty.",
    labels=("zone", "mount", "directory"),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], _cloud: Cloud) -> Samples:
    """Count the unknown directories of each mount that was listed; several secondary storage VMs list the same ones."""
    database = next((one for member, one in members.items() if isinstance(member, DatabaseTarget)), None)
    if database is None or database.get(KNOWN_TEMPLATES) is None:
        return
    found: defaultdict[str, list[set[Directory] | None]] = defaultdict(list)
    for member, answers in members.items():
        if isinstance(member, SecondaryStorageVmTarget) and SSVM_TEMPLATE_DIRECTORIES in answers.values:
            for mount, unknown in _unknown(answers, database).items():
                found[mount].append(unknown)
    for mount, seen in sorted(found.items()):
        told = [one for one in seen if one is not None]
        if told:
            yield from _said(group.zone, mount, sorted(set[Directory]().union(*told)))


def _unknown(answers: Answers, database: Answers) -> Mapping[str, set[Directory] | None]:
    """Return by mount what two listings have shown; None while only one has shown what may be unknown."""
    known, looked = database[KNOWN_TEMPLATES], database.values[KNOWN_TEMPLATES].asked
    listed = answers.values[SSVM_TEMPLATE_DIRECTORIES].asked
    found: dict[str, set[Directory] | None] = {}
    for mount, directories in answers[SSVM_TEMPLATE_DIRECTORIES].items():
        unknown = sorted(one for one in directories if one[1] not in known)
        first = {one: _first(answers, mount, one) for one in unknown}
        again = {one for one in unknown if first[one] < listed and first[one] < looked}
        found[mount] = again if again or not unknown else None
    return found


def _first(answers: Answers, mount: str, directory: Directory) -> float:
    """Return when the listing was asked that first showed this directory while it was unknown."""
    account, template = directory
    return answers.held_by(SSVM_TEMPLATE_DIRECTORIES, mount, f"{account}/{template}").first_asked


def _said(zone: str, mount: str, unknown: list[Directory]) -> Samples:
    words = [f"{account}/{template}" for account, template in unknown]
    seen = f"{len(words)} below template/tmpl: {', '.join(words[:5])}"
    yield UNKNOWN.sample(
        zone, mount, value=len(words), seen=seen, expected="a row in vm_template or template_store_ref"
    )
    for word in words[:ROWS_PER_TARGET]:
        yield ROW.sample(zone, mount, word, value=1)


REGISTER = (
    "An image that was copied there is never found: serve it by http, register it (registerTemplate), and remove the"
    " directory."
)
LOOK = (
    "Read template.properties in the directory (name, date) and see that no other cloud uses this export; then move it"
    " away, and delete it when nobody has missed it."
)
CHECK = Check(
    title="Directories that no template has",
    metrics=(UNKNOWN, ROW),
    remedies=(REGISTER, LOOK),
    groups=(
        GroupJudge(
            ZoneGroup,
            judge,
            {SecondaryStorageVmTarget: (SSVM_TEMPLATE_DIRECTORIES,), DatabaseTarget: (KNOWN_TEMPLATES,)},
        ),
    ),
)
