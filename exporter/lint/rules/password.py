"""Whether guests can get the password that CloudStack shows (issue 9, seen from the template)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.cloud_init import SOURCES, cloud_init
from exporter.lint.files import Files
from exporter.lint.network_setup import Setup, setup
from exporter.lint.password_script import Script, scripts, units
from exporter.lint.reading import is_true, program
from exporter.lint.rule import About, Found, Rule

NOWHERE = "no password script, and no cloud-init that asks CloudStack"


async def _service(files: Files) -> str:
    """Return what gets passwords, empty when nothing does."""
    found = [one.path for one in await scripts(files)] or list(await units(files))
    if found:
        return found[0]
    return "cloud-init" if (await cloud_init(files)).asks_cloudstack else ""


async def missing(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield that nothing gets the password of a template that is password-enabled."""
    if about.password_enabled and not await _service(files):
        yield Found("", await _why_not(files))


async def absent(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield the same of a template of which nobody says whether it is."""
    if about.password_enabled is None and not await _service(files):
        yield Found("", await _why_not(files))


async def _why_not(files: Files) -> str:
    """Return that nothing gets passwords; of cloud-init, where it looks instead."""
    known = await cloud_init(files)
    if known.runs and known.sources is not None:
        return f"cloud-init asks {', '.join(known.sources)} only, none of {', '.join(SOURCES)}"
    return NOWHERE


async def unused(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield a script in a template that is not password-enabled."""
    if about.password_enabled is False:
        for one in await scripts(files):
            yield Found(one.path, "a password script")
            return


async def lease_files(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield scripts that do not find the router with the DHCP client that is installed."""
    found = await scripts(files)
    if not found or (await cloud_init(files)).asks_cloudstack:
        return
    how = await setup(files)
    for one in found:
        if how.client and not one.finds_router(how):
            yield Found(one.path, _pair(one, how))


def _pair(one: Script, how: Setup) -> str:
    """Return the two sides that do not fit."""
    looks = (*one.lease_files, *sorted(one.asks))
    return f"looks in {', '.join(looks) or 'no place that is known'}; addresses come by {how.manager} {how.client}"


async def fetching(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield scripts whose program to speak to the router is not installed."""
    for one in await scripts(files):
        if one.fetches and not await program(files, one.fetches):
            yield Found(one.path, f"{one.fetches} is not installed")


async def login(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield that cloud-init switches off logins with the password it sets."""
    if not about.password_enabled or await scripts(files):
        return
    known = await cloud_init(files)
    given = known.settings.get("ssh_pwauth")
    if known.asks_cloudstack and isinstance(given, str) and not is_true(given) and given.lower() != "unchanged":
        yield Found("/etc/cloud/cloud.cfg", f"ssh_pwauth: {given}")


RULES = (
    Rule(
        name="password_service_missing",
        severity="high",
        breaks="The password that CloudStack shows never reaches a guest: nobody can log in with it.",
        remedy="Install cloud-set-guest-password, or cloud-init with datasource_list: [ConfigDrive, CloudStack]; or"
        " register the template without password.",
        judge=missing,
    ),
    Rule(
        name="password_service_absent",
        severity="info",
        breaks="If it were registered as password-enabled, the password that CloudStack shows would reach no guest.",
        remedy="Do not register it as password-enabled, or install cloud-set-guest-password or cloud-init.",
        judge=absent,
    ),
    Rule(
        name="password_script_unused",
        severity="info",
        breaks="CloudStack gives guests no password although a script asks for one.",
        remedy="Register the template as password-enabled.",
        judge=unused,
    ),
    Rule(
        name="password_script_leases",
        severity="high",
        breaks="The script looks for the router in files that the DHCP client does not write: no guest has a password.",
        remedy="Take the script of a newer CloudStack, which falls back to the name data-server; or install the DHCP"
        " client that it knows.",
        judge=lease_files,
    ),
    Rule(
        name="password_script_program",
        severity="high",
        breaks="The script cannot ask the router: no guest gets a password.",
        remedy="Install the program that is missing.",
        judge=fetching,
    ),
    Rule(
        name="password_login",
        severity="info",
        breaks="The password is set, but SSH does not take it.",
        remedy="Set ssh_pwauth: true in /etc/cloud/cloud.cfg if guests are to be reached by SSH with it.",
        judge=login,
    ),
)
