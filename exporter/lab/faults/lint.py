"""Faults of template images, in a lab that has some."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import World
from exporter.model import Issue

NAME = "debian-12.qcow2"
KEPT = 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="52:54:00:12:34:56", ATTR{type}=="1", NAME="eth0"\n'


@fault(Issue.TEMPLATES, "image_flaws")
def template_image_keeps_nic(world: World) -> None:
    """The image debian-12.qcow2 keeps the name eth0 for the NIC of the machine it was made on."""
    world.images[NAME].files["etc/udev/rules.d/70-persistent-net.rules"] = KEPT


@fault(Issue.TEMPLATES, "images_unread")
def template_image_cut(world: World) -> None:
    """The image debian-12.qcow2 was copied halfway: nothing can be said of what is in it."""
    world.images[NAME].is_whole = False
