"""Name servers of a secondary storage VM."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.storage_vm_names import judge
from exporter.cloud.storage import Place
from exporter.model import Sample
from exporter.questions.system_vms.storage_ways import SSVM_NAMES, Lookup, Names
from tests.checks.host_connectivity.inside_scene import PLACE, cloud, judged, problems, storage_vm, values_of

VM = storage_vm()
NAMED = (Place("nas.example", 2049),)
SERVERS = ("10.0.0.53",)
NONE: dict[str, Lookup] = {}


def told(names: dict[str, Lookup], servers: tuple[str, ...] = SERVERS) -> Names:
    """Return an answer; dots of names are underscores here."""
    return Names(servers, {name.replace("_", "."): word for name, word in names.items()})


def said(*visits: Names, **fields: Any) -> list[Sample]:
    """Return what is said of a machine whose store has a name, unless fields say otherwise."""
    return judged(judge, VM, cloud(VM), *({SSVM_NAMES: one} for one in visits), **({"stores": NAMED} | fields))


def resolves(**names: Lookup) -> list[Sample]:
    """Return what two looks at these names bring; the image store is nas.example."""
    return said(told(names))


def by_address(looks_up: str = "*", **names: Lookup) -> list[Sample]:
    """Return the same where the store has an address, and consoles the name that is looked up, if any."""
    return said(told(names), stores=(PLACE,), looks_up="c.example" if looks_up else "")


def test_names_that_are_found() -> None:
    """One word for all of them."""
    assert values_of(resolves(nas_example=Lookup.KNOWN, a_example=Lookup.KNOWN)) == {"resolves": 1}
    assert values_of(by_address(c_example=Lookup.KNOWN)) == {"resolves": 1}


@pytest.mark.parametrize("word", [Lookup.UNKNOWN, Lookup.TIMEOUT])
def test_a_store_that_is_not_known(word: Lookup) -> None:
    """Whatever becomes of other names: it cannot be mounted."""
    for others in (NONE, {"a_example": Lookup.KNOWN}, {"a_example": Lookup.TIMEOUT}):
        ((name, seen),) = problems(resolves(nas_example=word, **others))
        assert name == "resolves"
        assert f"nas.example: {word}" in seen


def test_servers_that_are_silent_or_none() -> None:
    """Nobody answers for a name of the operator's own either; a machine without any server finds nothing."""
    ((_, seen),) = problems(by_address(c_example=Lookup.TIMEOUT, a_example=Lookup.TIMEOUT))
    assert seen == "servers 10.0.0.53: c.example: timeout"
    for names in (NONE, {"nas_example": Lookup.UNKNOWN}):
        ((_, seen),) = problems(said(told(names, ())))
        assert seen.startswith("servers none: ")


@pytest.mark.parametrize(
    "names",
    [
        {"dead_example": Lookup.TIMEOUT},  # a domain whose own name servers are dead
        {"a_example": Lookup.UNKNOWN, "b_example": Lookup.UNKNOWN},  # two typing errors
        {"dead_example": Lookup.TIMEOUT, "b_example": Lookup.UNKNOWN},
    ],
)
def test_names_of_tenants_decide_nothing(names: dict[str, Lookup]) -> None:
    """Anybody may register a template from anywhere: neither lost, nor, where nothing of ours was asked, well."""
    assert by_address("", **names) == []
    assert values_of(by_address(**names, c_example=Lookup.KNOWN)) == {"resolves": 1}
    assert values_of(resolves(nas_example=Lookup.KNOWN, **names)) == {"resolves": 1}


def test_a_name_of_tenants_that_is_found_shows_that_servers_answer() -> None:
    """Even where nothing of ours has a name, or the domain of consoles is dead."""
    assert values_of(by_address("", a_example=Lookup.KNOWN, b_example=Lookup.TIMEOUT)) == {"resolves": 1}
    assert values_of(by_address(a_example=Lookup.KNOWN, c_example=Lookup.TIMEOUT)) == {"resolves": 1}


def test_a_name_that_only_the_outside_may_know() -> None:
    """Consoles' name is not known: servers answer, or fail; nobody can say which, so nothing is said."""
    assert by_address(c_example=Lookup.UNKNOWN) == []


def test_one_look_is_none() -> None:
    """A hiccup of five seconds is not told; nor is it said that all is well."""
    for well, ill in (
        (told({"nas_example": Lookup.KNOWN}), told({"nas_example": Lookup.TIMEOUT})),
        (told({"nas_example": Lookup.KNOWN}), told({}, ())),
    ):
        assert said(well, ill) == []
        assert len(problems(said(well, ill, ill))) == 1
        assert values_of(said(ill, ill, well)) == {"resolves": 1}


def test_where_no_name_is_needed_nobody_knows() -> None:
    """Stores and sites have addresses: unknown, not well."""
    assert by_address("") == []
