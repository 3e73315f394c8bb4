"""What to do, where several checks say the same."""

from __future__ import annotations

CABLE = "Look at cable, optic and switch port of the NIC named here; swap one after the other."
SWITCH_LACP = "Compare the switch's port channel: LACP on, the same group for all ports of this bond."
CABLING_PLAN = "Move the cable to the switch that the peers use for this place, or correct the cabling plan."
ALIGN_HOST = "Bring the host to what its peers have: put it into maintenance, then update or reconfigure it."
"""A host that differs from most of its cluster."""
