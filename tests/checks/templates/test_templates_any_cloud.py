"""Whatever CloudStack lists of templates, and whatever is answered: judges say something or nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.templates import directories, formats, imports, not_ready, origins, system_templates
from exporter.cloud.objects import SystemVm
from exporter.cloud.storage import Download, Place, Template
from exporter.cloud.targets import DatabaseTarget, SecondaryStorageVmTarget
from exporter.inventory.copies import templates as told_apart
from exporter.memory import Scope
from exporter.model import Answer, Answers, Check, Question
from exporter.questions.database.templates import KNOWN_TEMPLATES
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_mounts import SSVM_TEMPLATE_DIRECTORIES
from exporter.questions.system_vms.storage_ways import SSVM_REACH
from tests.checks.templates.templates_scene import problems, said, zone

CHECKS = (directories.CHECK, formats.CHECK, imports.CHECK, not_ready.CHECK, origins.CHECK, system_templates.CHECK)
STATES = (
    "DOWNLOADED",
    "DOWNLOAD_IN_PROGRESS",
    "DOWNLOAD_ERROR",
    "NOT_DOWNLOADED",
    "UPLOAD_ERROR",
    "BYPASSED",
    "new",
    "",
)
URLS = ("", "http://10.0.0.9/a.qcow2", "https://images.example/a", "nonsense", "http://a.example:99999/x", "ftp://b/c")
words = st.text(max_size=12)
copies = st.tuples(words, st.sampled_from(STATES), st.none() | st.integers(0, 100)).map(lambda told: Download(*told))
listed = st.builds(
    Template,
    id=st.sampled_from("abcdef"),
    zone_id=st.sampled_from(("z1", "z2", "")),
    name=words,
    is_ready=st.booleans(),
    status=st.sampled_from(("", "7% Downloaded", "Connection refused", "Failed", "Active", "x" * 600)) | st.text(),
    hypervisor=st.sampled_from(("KVM", "VMware", "", "Any")) | words,
    format=st.sampled_from(("QCOW2", "OVA", "")) | words,
    type=st.sampled_from(("USER", "SYSTEM", "ROUTING", "PERHOST", "")) | words,
    url=st.sampled_from(URLS),
    is_direct=st.booleans(),
    is_public=st.booleans(),
    owner=words,
    created=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    downloads=st.lists(copies, max_size=3).map(tuple),
)
places = st.builds(Place, st.sampled_from(("10.0.0.9", "images.example")), st.sampled_from((80, 443)))
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9))


def members(reach: Any, mounts: Any, known: Any) -> Mapping[Any, Answers]:
    """Return what a secondary storage VM and the database answer."""
    vm = SystemVm(id="s", name="s-1-VM", kind="secondarystoragevm", state="Running", agent_state="Up", zone_id="z1")
    told: dict[Any, dict[Question[Any], Any]] = {
        SecondaryStorageVmTarget(vm, "east", None): {SSVM_REACH: reach, SSVM_TEMPLATE_DIRECTORIES: mounts},
        DatabaseTarget(): {KNOWN_TEMPLATES: known},
    }
    return {
        target: Answers(
            values={one: Answer(value, 5.0, 5.0, 99.0) for one, value in values.items()}, memory=Scope().held
        )
        for target, values in told.items()
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.title)
@given(
    rows=st.lists(listed, max_size=8),
    hypervisors=st.lists(st.sampled_from(("KVM", "VMware", "Custom")), max_size=2),
    allowed=words,
    reach=st.dictionaries(places, st.sampled_from(list(Reach))),
    mounts=st.dictionaries(words, st.frozensets(pairs)),
    known=st.frozensets(st.integers(0, 9)),
)
def test_judges_take_anything(
    check: Check, rows: list[Template], hypervisors: list[str], allowed: str, reach: Any, mounts: Any, known: Any
) -> None:
    """No exception, no second sample of one name, only finite values; a problem says what was seen."""
    settings = {"secstorage.allowed.internal.sites": allowed}
    cloud = zone(*told_apart(rows).values(), hypervisors=hypervisors, settings=settings)
    answers = members(reach, mounts, known) if check.groups[0].needs else {}
    found = said(check, (0.0, cloud), (4000.0, cloud), members=answers)
    problems(found)
    assert all(math.isfinite(sample.value) for sample in found.values())
    assert {sample.metric for sample in found.values()} <= {*check.metrics}
