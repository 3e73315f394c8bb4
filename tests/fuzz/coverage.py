"""Lets atheris choose the inputs of one target: ``python -m tests.fuzz.coverage host_lldp -max_total_time=600``.

atheris instruments the readers and looks for inputs that reach new lines. It is in no list of requirements
(``pip install atheris``: 35 MB, wheels for CPython on Linux only); what follows the target are libFuzzer's options,
among them a folder in which its corpus stays. Targets whose input is bytes only.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from tempfile import mkdtemp


def main() -> None:
    """Fuzz until libFuzzer ends; the first failure ends it, with the input written where it says."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["exporter"]):
        everything = importlib.import_module("tests.fuzz.__main__").everything
        target = next(one for one in everything() if one.name == sys.argv[1])
    seeds = Path(mkdtemp(prefix=f"fuzz-{target.name}-"))
    for number, seed in enumerate(target.seeds):
        (seeds / f"seed{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:], str(seeds)], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
