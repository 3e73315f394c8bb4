#!/usr/bin/env bash
# Installs what is needed and runs the exporter against the embedded lab cloud, unprivileged.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$top/deploy/bootstrap.sh" run
exec "$top/.venv/bin/cloudstack-network-exporter" demo "$@"
