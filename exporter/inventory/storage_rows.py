"""API rows of secondary storage: image stores, and templates with their copies."""

from __future__ import annotations

from msgspec import Struct


class ImageStoreRow(Struct, frozen=True, gc=False):
    """Source: listImageStores."""

    id: str
    name: str = ""
    zoneid: str = ""
    protocol: str = ""
    url: str = ""
    providername: str = ""
    readonly: bool = False


class DownloadRow(Struct, frozen=True, gc=False):
    """One of downloaddetails[]; its values are texts."""

    datastore: str = ""
    downloadState: str = ""  # noqa: N815 - the API's own name
    downloadPercent: str = ""  # noqa: N815 - the API's own name


class TemplateRow(Struct, frozen=True, gc=False):
    """Source: listTemplates; one per template, zone and store."""

    id: str
    zoneid: str = ""
    name: str = ""
    isready: bool = False
    status: str = ""
    hypervisor: str = ""
    format: str = ""
    templatetype: str = ""
    passwordenabled: bool = False
    created: str = ""
    ostypename: str = ""
    url: str = ""
    sourcetemplateid: str = ""
    directdownload: bool = False
    account: str = ""
    project: str = ""
    ispublic: bool = False
    downloaddetails: tuple[DownloadRow, ...] = ()
