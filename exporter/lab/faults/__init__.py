"""Every fault by name. Importing the modules of this room fills the catalogue."""

from __future__ import annotations

import importlib
import pkgutil

from exporter.lab.faults.fault import CATALOGUE, Fault

__all__ = ["CATALOGUE", "Fault"]

for module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{module.name}")
