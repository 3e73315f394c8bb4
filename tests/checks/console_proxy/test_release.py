"""The release as a fact."""

from __future__ import annotations

from exporter.checks.console_proxy.release import CHECK
from exporter.questions.system_vms.console_proxy import PROXY_RELEASE
from tests.checks.console_proxy.scene import answers, cloud, inside, of_target, proxy, values


def test_the_release_is_told() -> None:
    """As an info metric."""
    given = answers({PROXY_RELEASE: "Cloudstack Release 4.20.1"})
    said = of_target(CHECK, inside(proxy()), given, cloud(proxy()))
    assert values(said) == {("release_info", "v-2-VM", "Cloudstack Release 4.20.1"): 1}
