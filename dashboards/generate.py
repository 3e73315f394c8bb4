"""Write dashboards/csnet-*.json from dashboards/src/.

``--check`` writes nothing and fails when a file differs. Exit code: 0 fine, 1 different.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from dashboards.src.boards import boards

HERE = Path(__file__).parent


def files() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every dashboard."""
    for board in boards():
        yield f"{board.uid}.json", json.dumps(board.render(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args(arguments)
    generated = dict(files())
    stale = [name for name, text in generated.items() if not _is_same(options.output / name, text)]
    strange = [path.name for path in options.output.glob("csnet-*.json") if path.name not in generated]
    if options.check:
        for name in (*stale, *strange):
            print(f"dashboards/{name} differs: run python dashboards/generate.py", file=sys.stderr)
        return 1 if stale or strange else 0
    options.output.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (options.output / name).write_text(generated[name], encoding="utf-8")
        print(f"wrote {name}")
    return 0


def _is_same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
