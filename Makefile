# Shortcuts; each line can be typed by hand. `make demo` and `make test` install what they need.
.PHONY: demo test lint types contracts generate fmt lock

demo:
	bash deploy/demo.sh

test:
	bash deploy/test.sh

lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/yamllint --strict .

types:
	.venv/bin/mypy

contracts:
	.venv/bin/lint-imports --no-cache

generate:
	.venv/bin/python docs/generate.py && .venv/bin/python -m alerts.generate && .venv/bin/python -m dashboards.generate

fmt:
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

# Versions and hashes, no download addresses.
lock:
	.venv/bin/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	    --python-version 3.11 pyproject.toml -o deploy/requirements.txt
	.venv/bin/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	    --python-version 3.11 --extra dev pyproject.toml -c deploy/requirements.txt -o deploy/requirements-dev.txt

# Slow suites in full; CI runs a slice of them.
.PHONY: faults fuzz properties soak scale bench-database test-vm
SECONDS = 600
fuzz:
	.venv/bin/python -m tests.fuzz --seconds $(SECONDS)

properties:
	.venv/bin/pytest -q -n auto -m hypothesis --hypothesis-profile full --timeout 3600

soak:
	.venv/bin/python bench/soak.py --minutes 60

scale:
	.venv/bin/python bench/lab_scale.py --hosts 2000 --routers 4000 --vms-per-host 16 --interval 300

# Plans and times of every statement about the database, in a real MariaDB.
bench-database:
	.venv/bin/python -m bench.database

# Every fault of the lab, before the whole exporter.
faults:
	FAULT_TESTS=all .venv/bin/pytest -q -n auto --dist worksteal tests/end_to_end

# A booted virtual machine as hypervisor; `deploy/bootstrap.sh test` first. Needs root, not KVM.
test-vm:
	VM_TESTS=all .venv/bin/pytest -q -m vm --timeout 3600
