"""Which image stores a secondary storage VM serves, and which of its mounts is which store."""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import ImageStore
from exporter.questions.system_vms.storage_mounts import Mount

PER_STORE = ("zone", "secondary_storage_vm", "image_store")


def stores(cloud: Cloud, zone_id: str) -> tuple[ImageStore, ...]:
    """Return the image stores of a zone, those of the whole region too, by name and each name once."""
    every = sorted(cloud.image_stores.values(), key=lambda store: (store.name, store.id))
    return tuple({store.name: store for store in every if store.zone_id in ("", zone_id)}.values())


def is_mounted(store: ImageStore) -> bool:
    """Return whether a store is one that is mounted; of an object store nothing ever is."""
    return store.protocol.lower() in ("nfs", "cifs", "smb")


def mount_of(store: ImageStore, mounts: Iterable[Mount]) -> Mount | None:
    """Return the mount of a store, None where there is none.

    CloudStack resolves the name in a store's URL and mounts by address, so a name is not compared.
    """
    path = "/" + store.url.partition("://")[2].partition("/")[2].strip("/")
    host = store.place.host if store.place else ""
    named = not re.fullmatch(r"[\d.]+", host)
    return next((one for one in mounts if one.path == path and (named or one.host == host)), None)
