"""The network back-end of XenServer and XCP-ng, as dom0 has it: what is set, what runs, and what is there to filter.

``xe-switch-network-backend`` writes a file that is read when the host is started. Until then the file says one thing
while the host does the other, and CloudStack believes the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via

TOOLS = ("iptables", "ebtables", "ipset")
"""What CloudStack's plugin vmops runs for security groups; it looks for the last two before it tries."""
WORDS = {"bridge": "bridge", "openvswitch": "openvswitch", "vswitch": "openvswitch"}
"""Word of network.conf -> the back-end; the last one is that of XenServer 5.6."""
FLAGS = {"1": True, "0": False, "-": None}
IS_UP = {"yes": True, "no": False}
TOLD = ("backend", "openvswitch", "bridges", "iptables", "arptables")
"""What is always told."""
PRODUCT = ("PRODUCT_BRAND", "PRODUCT_VERSION")
"""The only keys of xensource-inventory that leave the host."""
NAME = re.compile(r"[A-Za-z0-9._ -]{0,40}", re.ASCII)
COUNT = re.compile(r"\d{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class XenBackend:
    """The network back-end of a host, and what security groups need beside it.

    Attributes:
        configured: bridge | openvswitch, by /etc/xensource/network.conf.
        runs_openvswitch: its daemon lives, or its datapath is in the kernel.
        bridges: Linux bridges; those that old releases of Open vSwitch feigned are among them.
        filters_ip, filters_arp: the sysctls that lead bridged frames through iptables and arptables; None when they do
            not exist.
        tools: those of TOOLS that are installed.
        product: brand and version, such as XCP-ng 8.2.1; empty when not told.
    """

    configured: str
    runs_openvswitch: bool = False
    bridges: int = 0
    filters_ip: bool | None = None
    filters_arp: bool | None = None
    tools: frozenset[str] = frozenset()
    product: str = ""

    @property
    def running(self) -> str:
        """Return bridge | openvswitch: what carries frames now; what is set, where nothing tells."""
        if self.runs_openvswitch:
            return "openvswitch"
        return "bridge" if self.bridges else self.configured


def read_backend(text: str) -> XenBackend:
    """Return it from lines ``<word> <value>``, ``tool <name>`` and ``PRODUCT_...='<value>'``."""
    told: dict[str, str] = {}
    tools = set()
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        product, _, quoted = line.partition("=")
        if key == "tool" and value in TOOLS:
            tools.add(value)
        elif key in TOLD:
            told[key] = value
        elif product in PRODUCT and NAME.fullmatch(quoted.strip("'\"")):
            told[product] = quoted.strip("'\"")
        else:
            message = f"not a line of ours: {line[:60]!r}"
            raise UnreadableError(message)
    try:
        return XenBackend(
            configured=WORDS[told["backend"].strip()],
            runs_openvswitch=IS_UP[told["openvswitch"]],
            bridges=_count(told["bridges"]),
            filters_ip=FLAGS[told["iptables"]],
            filters_arp=FLAGS[told["arptables"]],
            tools=frozenset(tools),
            product=" ".join(filter(None, (told.get(key, "") for key in PRODUCT))),
        )
    except KeyError as error:
        message = f"no back-end: {error.args[0]!r:.60}"
        raise UnreadableError(message) from None


def _count(text: str) -> int:
    if not COUNT.fullmatch(text):
        message = f"no number of bridges: {text[:60]!r}"
        raise UnreadableError(message)
    return int(text)


XEN_BACKEND: Question[XenBackend] = Question(
    "xen_backend",
    Via.HOST,
    # No process at all: the shell reads. The daemon is known by the number that it wrote down and the name that the
    # kernel has for it; before version 1.9 Open vSwitch had no datapath of its own name.
    r"""
file=$ROOT/etc/xensource/network.conf
[ -e "$file" ] || { echo 'no /etc/xensource/network.conf: no dom0 of XenServer or XCP-ng'; exit 127; }
[ -r "$file" ] || { echo "$file: Permission denied"; exit 1; }
backend=
read -r backend <"$file" || :
printf 'backend %s\n' "$backend"

pid= name= running=no
{ read -r pid <"$ROOT/var/run/openvswitch/ovs-vswitchd.pid"; } 2>/dev/null || :
case $pid in
    '' | *[!0-9]*) ;;
    *) { read -r pid name rest <"$ROOT/proc/$pid/stat"; } 2>/dev/null || : ;;
esac
if [ "$name" = '(ovs-vswitchd)' ] || [ -e "$ROOT/sys/class/net/ovs-system" ]; then running=yes; fi
echo "openvswitch $running"

set +f
bridges=0
for folder in "$ROOT"/sys/class/net/*/bridge; do
    [ ! -d "$folder" ] || bridges=$((bridges + 1))
done
echo "bridges $bridges"

for name in iptables arptables; do
    value=
    { read -r value <"$ROOT/proc/sys/net/bridge/bridge-nf-call-$name"; } 2>/dev/null || :
    echo "$name ${value:--}"
done
for tool in @TOOLS@; do
    if command -v "$tool" >/dev/null; then echo "tool $tool"; fi
done

file=$ROOT/etc/xensource-inventory
[ -r "$file" ] || exit 0
while read -r line; do
    case $line in PRODUCT_BRAND=* | PRODUCT_VERSION=*) printf '%s\n' "$line" ;; esac
done <"$file"
exit 0
""".replace("@TOOLS@", " ".join(TOOLS)),
    read_backend,
    privilege="none; root where /proc hides the processes of others (hidepid)",
    why="Linux bridges or Open vSwitch on XenServer and XCP-ng, as set and as run, and what security groups need.",
    size=4096,
    processes=1,
)
