"""For all tests: how long hypothesis looks."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("slice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", settings.get_profile("slice"), max_examples=5000)
settings.load_profile("slice")
