"""Which image stores a secondary storage VM serves, and which of its mounts is which store."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import ImageStore
from exporter.questions.system_vms.storage_mounts import Mount

PER_STORE = ("zone", "secondary_storage_vm", "image_store")


def stores(cloud: Cloud, zone_id: str) -> tuple[ImageStore, ...]:
    """Return the image stores of a zone, those of the whole region too, by name; namesakes get their id behind it."""
    every = sorted(cloud.image_stores.values(), key=lambda store: (store.name, store.id))
    found = [store for store in every if store.zone_id in ("", zone_id)]
    named = Counter(store.name for store in found)
    return tuple(replace(one, name=f"{one.name} ({one.id})") if named[one.name] > 1 else one for one in found)


def own_name(cloud: Cloud, store: ImageStore) -> str:
    """Return CloudStack's name of a store that is shown with its id, which is what copies of templates name."""
    return cloud.image_stores[store.id].name


def is_mounted(store: ImageStore) -> bool:
    """Return whether a store is one that is mounted; of an object store nothing ever is."""
    return store.protocol.lower() in ("nfs", "cifs", "smb")


def mounts_of(store: ImageStore, mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Return what may be the mount of a store: none where it is not mounted, several where nobody can say which it is.

    CloudStack resolves the name in a store's URL and mounts by address, so a name is not compared.
    """
    path = "/" + store.url.partition("://")[2].partition("/")[2].strip("/")
    host = store.place.host if store.place else ""
    named = not re.fullmatch(r"[\d.]+", host)
    return tuple(one for one in mounts if one.path == path and (named or one.host == host))
