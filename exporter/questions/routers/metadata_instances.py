"""Which instances a router holds metadata for, and under which identity. Contents stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from exporter.model import Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE

FOLDERS = {"vm-id": ("metadata",), "user-data": ("userdata",), ".htaccess": ("metadata", "userdata")}
"""File -> the folders in which it means something."""
LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceData:
    """What a router holds for one guest address.

    Attributes:
        vm_id: content of the file vm-id: the instance's id, in old versions a number or its name;
            empty when the file is missing or empty.
        has_user_data: whether a file user-data exists.
        is_exposed: whether a directory that holds data of this address lacks the .htaccess that keeps
            other machines out.
    """

    vm_id: str = ""
    has_user_data: bool = False
    is_exposed: bool = False


def read_instances(text: str) -> dict[str, InstanceData]:
    """Return the data by guest address; none is an answer, and directories of other names are left out.

    The text has one path a line, ``metadata/<address>/vm-id``, and once more with ``:<content>`` behind it
    for each vm-id that is not empty.
    """
    files: set[tuple[str, str, str]] = set()
    ids: dict[str, str] = {}
    for line in text.splitlines():
        path, colon, content = line.partition(":")
        folder, address, name = _parts(path)
        if not _is_address(address):
            continue
        files.add((folder, address, name))
        if colon and name == "vm-id":
            ids[address] = content.strip()[:LONGEST_ID]
    return {address: _data(files, address, ids.get(address, "")) for address in sorted({file[1] for file in files})}


def _parts(path: str) -> tuple[str, str, str]:
    parts = path.split("/")
    if len(parts) != len(("folder", "address", "name")) or parts[0] not in FOLDERS.get(parts[2], ()):
        message = f"not a file of metadata: {path[:60]!r}"
        raise UnreadableError(message)
    return parts[0], parts[1], parts[2]


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _data(files: set[tuple[str, str, str]], address: str, vm_id: str) -> InstanceData:
    has_user_data = ("userdata", address, "user-data") in files
    holding = [
        folder
        for folder, holds in (("metadata", ("metadata", address, "vm-id") in files), ("userdata", has_user_data))
        if holds
    ]
    is_exposed = any((folder, address, ".htaccess") not in files for folder in holding)
    return InstanceData(vm_id=vm_id, has_user_data=has_user_data, is_exposed=is_exposed)


METADATA_INSTANCES = Question(
    name="metadata_instances",
    via=Via.SYSTEM_VM,
    # One pass, no process per instance. Of vm-id the first line is read; of user-data only the name.
    # A new router has neither folder: that is an answer, and so is a web root that is gone.
    text=r"""
cd "$ROOT/var/www/html" 2>/dev/null || exit 0
set --
for folder in metadata userdata; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
done
[ $# -gt 0 ] || exit 0
find "$@" -mindepth 2 -maxdepth 2 -type f \( -name vm-id -o -name user-data -o -name .htaccess \) -print || exit
find "$@" -mindepth 2 -maxdepth 2 -type f -path 'metadata/*/vm-id' -exec grep -H -m 1 '' /dev/null {} + || exit 0
""",
    read=read_instances,
    privilege=PRIVILEGE,
    why="Which instances have their data on the router, whether it is theirs, and whether others could read it.",
    seconds=4.0,
    size=524288,
)
