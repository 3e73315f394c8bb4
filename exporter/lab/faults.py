"""Every fault by name. Importing the modules fills the catalogue."""

from __future__ import annotations

from exporter.lab import faults_console, faults_router, faults_wire
from exporter.lab.fault import CATALOGUE, Fault

__all__ = ["CATALOGUE", "Fault", "faults_console", "faults_router", "faults_wire"]
