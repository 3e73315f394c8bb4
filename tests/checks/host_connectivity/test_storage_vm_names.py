"""Name servers of a secondary storage VM."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.storage_vm_names import judge
from exporter.cloud.storage import Place
from exporter.model import Sample
from exporter.questions.system_vms.storage_ways import SSVM_NAMES, Lookup, Names
from tests.checks.host_connectivity.inside_scene import cloud, judged, problems, storage_vm, values_of

VM = storage_vm()


def resolves(servers: tuple[str, ...] = ("10.0.0.53",), **names: Lookup) -> list[Sample]:
    """Return what is said of names, whose dots are underscores here; the image store is nas.example."""
    told = Names(servers, {name.replace("_", "."): word for name, word in names.items()})
    place = Place("nas.example", 2049)
    return judged(judge, VM, cloud(VM), {SSVM_NAMES: told}, stores=(place,))


def test_names_that_are_found() -> None:
    """One word for all of them."""
    assert values_of(resolves(nas_example=Lookup.KNOWN, a_example=Lookup.KNOWN)) == {"resolves": 1}


@pytest.mark.parametrize(
    ("servers", "names"),
    [
        ((), {}),
        (("10.0.0.53",), {"a_example": Lookup.TIMEOUT, "b_example": Lookup.UNKNOWN}),
        (("10.0.0.53",), {"nas_example": Lookup.UNKNOWN, "a_example": Lookup.KNOWN}),
        (("10.0.0.53",), {"a_example": Lookup.UNKNOWN, "b_example": Lookup.UNKNOWN}),
    ],
)
def test_servers_that_do_not_answer(servers: tuple[str, ...], names: dict[str, Lookup]) -> None:
    """No server, silence, a store that is not known, or nothing at all that is."""
    ((name, _),) = problems(resolves(servers, **names))
    assert name == "resolves"


def test_a_name_that_does_not_exist_is_somebodys_typing_error() -> None:
    """A template was registered with it; the template tells."""
    assert problems(resolves(nosuch_example=Lookup.UNKNOWN, nas_example=Lookup.KNOWN)) == []
    assert problems(resolves(nosuch_example=Lookup.UNKNOWN)) == []


def test_a_domain_whose_own_servers_are_dead_is_somebody_elses() -> None:
    """A template comes from there; other names are found."""
    assert problems(resolves(dead_example=Lookup.TIMEOUT, nas_example=Lookup.KNOWN)) == []


def test_where_no_name_is_needed_nobody_knows() -> None:
    """Stores and sites have addresses: unknown, not well."""
    assert resolves() == []
