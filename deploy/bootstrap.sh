#!/usr/bin/env bash
# Makes .venv with the locked packages; run by the demo and the tests. Needs git, bash and Debian's python3.
# As root it installs Debian packages that are missing; otherwise it names them.
#   bootstrap.sh run    what the exporter needs
#   bootstrap.sh test   that, the developers' tools, and the real parts that the tests talk to
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-run}

REAL_PARTS=(apache2 bridge-utils busybox-static chromium cpio curl debootstrap dnsmasq-base e2fsprogs ebtables
    ethtool fdisk iproute2 ipset iptables isc-dhcp-client kmod libatomic1 libvirt-clients lldpd mariadb-server
    net-tools nftables nginx-light openssh-client openssh-server openssl openvswitch-switch procps prometheus
    prometheus-alertmanager qemu-system-x86 qemu-utils socat sudo systemd tcpdump udhcpc xfsprogs)

say() { printf 'bootstrap: %s\n' "$*" >&2; }

python=""
for candidate in python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { say "Python 3.11 or newer is missing: install the package python3"; exit 1; }

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

need() { # need PACKAGE...: install what is missing as root, else name it and return 1
    local missing=() package
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "missing, install as root: apt-get install ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d # no service is started: the tests start their own
    if ! [ -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        trap "rm -f $policy" EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >/dev/null
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

if ! [ -x .venv/bin/python ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        # the interpreter that apt can complete is Debian's own
        python=/usr/bin/python3
        need python3-venv || exit 1
    fi
    "$python" -m venv .venv
fi

lock=deploy/requirements.txt
[ "$what" = test ] && lock=deploy/requirements-dev.txt
stamp=.venv/.installed-$what
if ! [ -e "$stamp" ] || [ "$lock" -nt "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    say "installing Python packages ($lock)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
    touch "$stamp"
fi

if [ "$what" = test ]; then
    need "${REAL_PARTS[@]}" || [ "${CI:-}" != true ] || exit 1
fi
