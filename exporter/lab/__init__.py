"""A small cloud in one process on loopback addresses, spoken over real wires: the demo and the tests use it."""

from exporter.lab.faults import CATALOGUE, Fault
from exporter.lab.lab import Lab
from exporter.lab.options import Options

__all__ = ["CATALOGUE", "Fault", "Lab", "Options"]
