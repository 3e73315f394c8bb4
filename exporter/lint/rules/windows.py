"""Windows: whether an image was generalized, gets its password, and finds its NIC and its address."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.files import Files, LintError
from exporter.lint.hive import Hive
from exporter.lint.reading import entries, text
from exporter.lint.rule import About, Found, Rule
from exporter.model import Reason, UnreadableError

CONFIG = "/Windows/System32/config"
STATE = "/Windows/Setup/State/State.ini"
TAG = "/Windows/System32/Sysprep/Sysprep_succeeded.tag"
UNATTEND = ("/Windows/Panther/unattend.xml", "/Windows/Panther/Unattend/unattend.xml", "/unattend.xml")
SETUP = "Microsoft\\Windows\\CurrentVersion\\Setup\\State"
INTERFACES = "Services\\Tcpip\\Parameters\\Interfaces"
PASSWORD_SERVICES = ("CloudInstanceManager", "cloudbase-init", "cloudbase-init-unattend")
DRIVER = "Services\\netkvm"
STARTS = (0, 3)  # at boot, or when the device is found
COMPLETE = "IMAGE_STATE_COMPLETE"
RESEALED = ("IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT")
GENERALIZED = 7
HIVE_BYTES = 64 * 2**20


async def hive(files: Files, name: str) -> Hive:
    """Return a hive of the machine, SYSTEM or SOFTWARE; of a large one its beginning.

    Raises:
        LintError: it is not there.
    """
    raw = await files.read(f"{CONFIG}/{name}", HIVE_BYTES)
    if raw is None:
        raise LintError(Reason.MISSING, f"no registry at {CONFIG}/{name}")
    return Hive(raw)


def control_set(system: Hive) -> str:
    """Return the name of the settings that are in force."""
    number = system.value("Select", "Current")
    return f"ControlSet{number:03d}" if isinstance(number, int) else "ControlSet001"


async def image_state(files: Files) -> str:
    """Return what setup says of the image: by its own file, which is small, else by the registry."""
    for section, key, value in entries(await text(files, STATE) or ""):
        if (section, key) == ("State", "ImageState"):
            return value
    value_there = (await hive(files, "SOFTWARE")).value(SETUP, "ImageState")
    if not isinstance(value_there, str):
        message = "the registry does not say in which state the image is"
        raise UnreadableError(message)
    return value_there


async def not_generalized(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that sysprep was not run, or that the machine was started again after it."""
    if await image_state(files) == COMPLETE:
        yield Found("", f"ImageState is {COMPLETE}")


async def unfinished(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that sysprep has not come to its end."""
    state = await image_state(files)
    if state in RESEALED:
        number = (await hive(files, "SYSTEM")).value("Setup\\Status\\SysprepStatus", "GeneralizationState")
        if isinstance(number, int) and number != GENERALIZED:
            yield Found("", f"GeneralizationState is {number}, not {GENERALIZED}")
    elif state != COMPLETE:
        yield Found("", f"ImageState is {state}")


async def no_tag(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that sysprep has left no sign of its success."""
    if await files.kind(TAG) is None:
        yield Found(TAG, "not there")


async def unattend(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield answer files, never what is in them."""
    for path in UNATTEND:
        if await files.kind(path) is not None:
            yield Found(path, "an answer file, maybe with passwords")


async def no_password_service(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield that nothing gets the password of a template that is password-enabled."""
    if about.password_enabled:
        system = await hive(files, "SYSTEM")
        current = control_set(system)
        if all(system.key(f"{current}\\Services\\{name}") is None for name in PASSWORD_SERVICES):
            yield Found("", f"none of the services {', '.join(PASSWORD_SERVICES[:2])}")


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield NICs with an address of their own."""
    system = await hive(files, "SYSTEM")
    for key in system.below(f"{control_set(system)}\\{INTERFACES}"):
        addresses = system.value_of(key, "IPAddress")
        known = [one for one in addresses if one != "0.0.0.0"] if isinstance(addresses, tuple) else []  # noqa: S104
        if system.value_of(key, "EnableDHCP") == 0 and known:
            yield Found("", f"{key.name}: {known[0]}, without DHCP")


async def no_driver(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield that the driver of virtio's NIC is missing or switched off, on images for KVM."""
    if not about.is_for_kvm:
        return
    system = await hive(files, "SYSTEM")
    path = f"{control_set(system)}\\{DRIVER}"
    start = system.value(path, "Start")
    if system.key(path) is None:
        yield Found("", "no driver netkvm")
    elif start not in STARTS:
        yield Found("", f"netkvm has Start {start!r}")


RULES = (
    Rule(
        name="windows_not_generalized",
        severity="high",
        breaks="All guests have the same SID and name: domains and licences take them for one machine.",
        remedy="Run sysprep /generalize /oobe /shutdown as the last thing, and do not start the machine again.",
        judge=not_generalized,
        system="windows",
    ),
    Rule(
        name="windows_sysprep_unfinished",
        severity="medium",
        breaks="Guests stop at setup's error screen, without network.",
        remedy="Read Windows/System32/Sysprep/Panther/setuperr.log in the machine, mend it, and run sysprep again.",
        judge=unfinished,
        system="windows",
    ),
    Rule(
        name="windows_sysprep_tag",
        severity="info",
        breaks="Sysprep has left no sign that it succeeded.",
        remedy="Run sysprep /generalize /oobe /shutdown and look whether it ends without an error.",
        judge=no_tag,
        system="windows",
    ),
    Rule(
        name="windows_unattend",
        severity="info",
        breaks="Every tenant can read the answer file, which often holds the administrator's password.",
        remedy="Delete the answer file, or see to it that it holds no password and sets no address.",
        judge=unattend,
        system="windows",
    ),
    Rule(
        name="windows_password_service",
        severity="high",
        breaks="The password that CloudStack shows never reaches a guest: nobody can log in with it.",
        remedy="Install CloudInstanceManager or cloudbase-init with its CloudStack plugins; or register the template"
        " without password.",
        judge=no_password_service,
        system="windows",
    ),
    Rule(
        name="windows_static_address",
        severity="high",
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on.",
        remedy="Let the NIC take its address by DHCP before sysprep is run.",
        judge=static,
        system="windows",
    ),
    Rule(
        name="windows_netkvm",
        severity="high",
        breaks="A guest on KVM with an OS type that has virtio finds no NIC.",
        remedy="Install the NetKVM driver of virtio-win before sysprep is run, and keep it with"
        " PersistAllDeviceInstalls.",
        judge=no_driver,
        system="windows",
    ),
)
