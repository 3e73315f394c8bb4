"""For all tests: how long hypothesis looks. CI looks for less; ``make properties`` for much more."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = 40 if os.environ.get("CI") == "true" else 100
settings.register_profile("slice", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=EXAMPLES)
settings.register_profile("full", settings.get_profile("slice"), max_examples=5000)
settings.load_profile("slice")
