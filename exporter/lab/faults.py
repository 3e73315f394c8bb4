"""Every fault by name. Importing the modules ``faults_*`` fills the catalogue."""

from __future__ import annotations

import importlib
from pathlib import Path

from exporter.lab.fault import CATALOGUE, Fault

__all__ = ["CATALOGUE", "Fault"]

for path in sorted(Path(__file__).parent.glob("faults_*.py")):
    importlib.import_module(f"exporter.lab.{path.stem}")
