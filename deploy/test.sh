#!/usr/bin/env bash
# Installs what is needed and passes every check that CI makes. Further words go to pytest: test.sh tests/test_page.py
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
deploy/bootstrap.sh test
export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"
if [ $# -gt 0 ]; then
    exec pytest "$@"
fi
ruff check .
ruff format --check .
mypy
lint-imports --no-cache
python docs/generate.py --check
python -m alerts.generate --check
python -m dashboards.generate --check
yamllint --strict .
# More at once than there are processors: many wait for machines that hang. A booted one wants all for itself.
pytest -q -n $(($(nproc) + 1)) --dist worksteal -m "not vm"
pytest -q -m vm tests/vm # a slice; the whole of it: make test-vm
