"""What NetworkManager of an image was told: its settings, as it reads them."""

from __future__ import annotations

from exporter.lint.files import Files
from exporter.lint.reading import entries, some, text

MAIN = "/etc/NetworkManager/NetworkManager.conf"
OF_PACKAGES, OWN = "/usr/lib/NetworkManager/conf.d", "/etc/NetworkManager/conf.d"


async def configured(files: Files, key: str) -> tuple[str, str]:
    """Return what stands for a key of [main], and in which file; both empty when nothing does.

    Packages come first, what comes later wins, and a file of the same name in /etc hides that of a package.
    """
    own = await some(files, OWN, "*.conf")
    hidden = {path.rpartition("/")[2] for path in own}
    packages = [path for path in await some(files, OF_PACKAGES, "*.conf") if path.rpartition("/")[2] not in hidden]
    found = "", ""
    for path in (*packages, MAIN, *own):
        for section, name, value in entries(await text(files, path) or ""):
            if section == "main" and name in {key, f"{key}+"}:
                found = path, f"{found[1]},{value}" if name.endswith("+") else value
    return found


async def makes_no_profiles(files: Files) -> str:
    """Return the file that forbids NetworkManager to set up NICs which have no profile; empty when none does.

    Red Hat's package NetworkManager-config-server forbids it.
    """
    path, value = await configured(files, "no-auto-default")
    return path if "*" in value.replace(";", ",").replace(" ", "").split(",") else ""
