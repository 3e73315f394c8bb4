"""Names of machines that are too long for some of the tools."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.protection import judge
from tests.checks.security_groups import guarded_host as scene

LONG = {
    "i-123-45678-KVMHYP1234": ("i-123-45678-KVMHYP1234", "i-123-45678", "i-123-45678-KVMHYP1234"),
    "i-12345-6789012-CLOUDSUFFIX": ("i-12345-6789012-CLOUDSUF", "i-12345-6789012", "i-12345-6789012-CLOUDSUFFIX"),
}
"""Name -> its chain, the beginning of its default chain, its set, as in the sample of long names."""


@pytest.mark.parametrize("name", LONG)
def test_long_names_are_cut_as_the_tools_need_it(name: str) -> None:
    """The chains of a machine whose name is too long for iptables are found under the name that it got."""
    chain, begin, addresses = LONG[name]
    texts = scene.Texts()
    texts = replace(
        texts,
        **{
            key: getattr(texts, key)
            .replace("match-set i-2-55-VM", f"match-set {addresses}")
            .replace("i-2-55-VM", chain)
            .replace("i-2-55-def", f"{begin}-def")
            for key in ("ip4", "ip6")
        },
        ipset=texts.ipset.replace("i-2-55-VM ", f"{addresses} "),
        logs=texts.logs.replace("i-2-55-VM", name),
    )
    (placed,) = scene.machines(["i-2-55-VM"])
    domains = {name: replace(scene.domains()["i-2-55-VM"], name=name)}
    found = scene.judged(judge, texts, domains=domains, seen_by=scene.cloud((replace(placed, name=name),)))
    assert scene.counts(found) == {"machines": 1, "machines_open": 0, "machines_cut_off": 0}


def test_a_name_that_ipset_refuses() -> None:
    """With 31 characters the script dies: chains without jumps, so the machine sends freely and gets nothing."""
    name = "i-1234567-12345678-CLOUDINSTANC"
    lines = [
        line
        for line in scene.text("secondary-ip-and-long-names.txt").splitlines()
        if line.startswith(":i-1234567-12345678-") and line.endswith("]")
    ]
    assert len(lines) == 3
    ip4 = scene.Texts().ip4.replace(":i-2-55-VM - ", "\n".join([*lines, ":i-2-55-VM - "]))
    ip4 = "".join(line for line in ip4.splitlines(keepends=True) if "vnet12" not in line)
    (placed,) = scene.machines(["i-2-55-VM"])
    found = scene.judged(
        judge,
        scene.Texts(ip4=ip4),
        domains={name: replace(scene.domains()["i-2-55-VM"], name=name)},
        seen_by=scene.cloud((replace(placed, name=name),)),
    )
    assert scene.rows(found, "machine_open").keys() == {name}
    assert scene.rows(found, "machine_cut_off").keys() == {name}
