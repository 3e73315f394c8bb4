"""What is said of template images that were read, that could not be, and whose turn has not come."""

from __future__ import annotations

from exporter.checks.templates.image_lint import CHECK, MAKE_AGAIN, judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import TemplateDirectoryTarget
from exporter.model import Answer, Answers, Failure, Reason, Sample
from exporter.questions.template_images import TEMPLATE_IMAGES, Flaw, ImageReport
from exporter.thresholds import ROWS_PER_TARGET

PREFIX = "cloudstack_network_templates_"
KEPT = Flaw("persistent_net_rules", "high", "/etc/udev/rules.d/70.rules", "NAME=eth0", "breaks", "Delete it.")
LEASES = Flaw("dhcp_leases", "medium", "/var/lib/dhcp/x.leases", "a lease", "breaks", "Delete them.")
HINT = Flaw("guest_agent", "info", "", "no qemu-ga", "breaks", "Install it.")


def image(name: str, *flaws: Flaw, unknown: tuple[str, ...] = ()) -> ImageReport:
    return ImageReport(image=name, format="qcow2", system="linux", flaws=flaws, unknown=unknown)


def unread(name: str, reason: Reason) -> ImageReport:
    return ImageReport(image=name, reason=reason, detail="words")


def said(*reports: ImageReport) -> list[Sample]:
    answer = Answer(TEMPLATE_IMAGES.read(reports), 0.0, 0.0, 1.0)
    return list(judge(TemplateDirectoryTarget(), Answers(values={TEMPLATE_IMAGES: answer}), Cloud()))


def values(found: list[Sample], name: str) -> dict[tuple[str, ...], float]:
    return {one.labels: one.value for one in found if one.metric.name == PREFIX + name}


def problems(found: list[Sample]) -> set[tuple[str, ...]]:
    return {
        (one.metric.name.removeprefix(PREFIX), *one.labels)
        for one in found
        if one.metric.problem and one.metric.problem.holds(one.value, 0.0)
    }


def test_a_clean_image() -> None:
    """Zero is said of it, and what it is; hints are counted apart and are no problem."""
    found = said(image("a.qcow2", HINT))
    assert problems(found) == set()
    assert values(found, "image_flaws") == {("a.qcow2",): 0}
    assert values(found, "image_hints") == {("a.qcow2",): 1}
    assert values(found, "image_info") == {("a.qcow2", "qcow2", "linux"): 1}
    assert values(found, "images_unread") == values(found, "images_waiting") == {("images",): 0}


def test_an_image_with_flaws() -> None:
    """The finding has path and what stands there, and the remedy of the worst flaw before the general one."""
    found = said(image("a.qcow2", KEPT, LEASES, HINT), image("b.qcow2"))
    assert problems(found) == {("image_flaws", "a.qcow2")}
    (one,) = [one for one in found if one.labels == ("a.qcow2",) and one.value == 2]
    assert "persistent_net_rules: /etc/udev/rules.d/70.rules NAME=eth0; dhcp_leases: " in one.seen
    assert (one.remedy, CHECK.remedies) == ("Delete it.", (MAKE_AGAIN,))
    rows = {("a.qcow2", "persistent_net_rules"): 1, ("a.qcow2", "dhcp_leases"): 1}
    assert values(found, "image_flaw") == rows


def test_an_image_that_could_not_be_read_is_not_clean() -> None:
    """It is counted and named with its reason, and nothing is said of what is in it."""
    found = said(unread("a.qcow2", Reason.TIMEOUT))
    assert problems(found) == {("images_unread", "images")}
    assert values(found, "image_flaws") == values(found, "image_info") == {}
    assert [one.seen for one in found if one.value == 1] == ["a.qcow2: timeout: words"]


def test_an_image_whose_turn_has_not_come_is_no_failure() -> None:
    """It waits."""
    found = said(unread("a.qcow2", Reason.BEHIND))
    assert problems(found) == set()
    assert values(found, "images_waiting") == {("images",): 1}
    assert values(found, "image_flaws") == {}


def test_a_rule_that_could_not_be_looked_at_is_not_fine() -> None:
    """An image without flaws but with an open rule has no verdict; one with flaws has its verdict."""
    found = said(image("a.qcow2", unknown=("netplan_bound",)), image("b.qcow2", KEPT, unknown=("netplan_bound",)))
    assert values(found, "image_flaws") == {("b.qcow2",): 1}
    assert problems(found) == {("image_flaws", "b.qcow2"), ("images_unread", "images")}
    assert [one.seen for one in found if one.metric.name.endswith("unread")] == ["a.qcow2: netplan_bound"]


def test_many_images_have_bounded_rows_and_full_counts() -> None:
    """The counts are the truth."""
    found = said(*(image(f"{number}.qcow2", KEPT, LEASES) for number in range(50)))
    assert len(values(found, "image_flaw")) == ROWS_PER_TARGET
    assert len(values(found, "image_flaws")) == 50


def test_an_empty_directory_and_one_that_is_not_known() -> None:
    """Zero of the one, nothing of the other."""
    assert values(said(), "images_unread") == {("images",): 0}
    nothing = Answers(failures={TEMPLATE_IMAGES: Failure(Reason.NOT_CONFIGURED)})
    assert list(judge(TemplateDirectoryTarget(), nothing, Cloud())) == []
