"""What an operator installs so that we can ask: wrapper, sudoers, authorized_keys, known_hosts, database account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.targeting import targets
from exporter.model import Check, Question, Via
from exporter.questions import catalogue
from exporter.questions.wrapper import version
from exporter.sources.ssh_login import Mode, SshSettings

EXPORTER_ADDRESS = "EXPORTER_ADDRESS"
PUBLIC_KEY = "ssh-ed25519 PUBLIC_KEY cloudstack-network-exporter"
SUDOERS_FILE = "/etc/sudoers.d/cloudstack-network-exporter"

WAYS = {
    Via.HOST: "Asked on hosts",
    Via.MANAGEMENT_SERVER: "Asked on management servers",
    Via.SYSTEM_VM: "Asked inside system VMs, with the key that CloudStack has put on the host",
}

COLUMNS = {
    "configuration": ("name", "value"),
    "data_center": ("id", "name", "networktype", "is_security_group_enabled", "allocation_state", "removed"),
    "host": (
        "id", "name", "status", "type", "private_ip_address", "cluster_id", "pod_id", "data_center_id",
        "hypervisor_type", "mgmt_server_id", "removed",
    ),
    "template_store_ref": ("template_id",),
    "vm_instance": (
        "id", "name", "instance_name", "state", "data_center_id", "host_id", "update_time", "removed",
    ),
    "vm_template": ("id", "removed"),
}  # fmt: skip
"""Tables that also hold what is nobody's business (vnc_password, zone_token, URLs) -> the columns we read."""
LATER_COLUMNS = (("data_center", "type"),)
"""Columns of such tables that older schemas lack: granted by statements of their own, of which one may be refused.

A statement reads them so that the server tells "not granted" from "not there"; an optional part would not.
"""


def sudoers(settings: SshSettings) -> str:
    """Return the content of the sudoers file of hosts: one program, which checks its own arguments."""
    path = settings.wrapper_path
    return f"Defaults!{path} env_reset, !requiretty\n{settings.user} ALL=(root) NOPASSWD: {path}\n"


def authorized_keys(
    settings: SshSettings, exporter_address: str = EXPORTER_ADDRESS, public_key: str = PUBLIC_KEY
) -> str:
    """Return the line for the account's authorized_keys on hosts."""
    options = f'restrict,from="{exporter_address}"'
    if settings.mode is Mode.FORCED:
        options += f',command="{settings.wrapper_path}"'
    return f"{options} {public_key}\n"


def ssh_privileges(settings: SshSettings) -> str:
    """Return what is to be done on every host (and management server on VMware and Hyper-V), in shell and words."""
    steps = {Mode.SUDO: _sudo_steps, Mode.FORCED: _forced_steps, Mode.ROOT: _root_steps}[settings.mode]
    return "\n".join(
        (
            f"# SSH, mode {settings.mode}, wrapper version {version()}.",
            "# On every KVM host and dom0, and on management servers: for their log and connections, and as the way to",
            "# system VMs on VMware and Hyper-V. ssh.management_servers: false leaves them out.",
            "",
            steps(settings),
            _lost(),
        )
    )


def _sudo_steps(settings: SshSettings) -> str:
    return f"""\
# 1. An account of its own, without password, whose shell reads no rc file.
useradd --system --create-home --shell /bin/sh {settings.user}

{_wrapper_step("2", settings)}
# 3. One sudo rule: {SUDOERS_FILE}, mode 0440.
{sudoers(settings)}
# 4. The key: ~{settings.user}/.ssh/authorized_keys, the public half of {settings.key_file}.
{authorized_keys(settings)}"""


def _forced_steps(settings: SshSettings) -> str:
    return f"""\
{_wrapper_step("1", settings)}
# 2. The key may start the wrapper and nothing else: authorized_keys of {settings.user} (root, where system
#    VMs are to be asked), the public half of {settings.key_file}.
#    sshd_config needs no more than: PermitRootLogin forced-commands-only
{authorized_keys(settings)}"""


def _root_steps(settings: SshSettings) -> str:
    return f"""\
# 1. The key: authorized_keys of {settings.user} (root), the public half of {settings.key_file}.
#    It may do anything on the host; modes sudo and forced need less. Nothing is installed.
{authorized_keys(settings)}"""


def _wrapper_step(number: str, settings: SshSettings) -> str:
    return f"""\
# {number}. The wrapper, again after every update of the exporter that changes its version.
cloudstack-network-exporter privileges wrapper >collect
install -D -o root -g root -m 0755 collect {settings.wrapper_path}
"""


def _lost() -> str:
    """Return which questions are not answered without it, and why each is asked."""
    parts = []
    for via, heading in WAYS.items():
        asked = [question for question in catalogue() if question.via is via]
        parts.append(f"# {heading}; without it these stay unknown:")
        parts.extend(_line(question) for question in asked)
        parts.extend([] if asked else ["#   nothing yet"])
    return "\n".join(parts) + "\n"


def database_tables() -> tuple[str, ...]:
    """Return the tables that statements of the catalogue read."""
    asked = (question for question in catalogue() if question.via is Via.DATABASE)
    return tuple(sorted({table for question in asked for table in tables_of(question)}))


def tables_of(question: Question[Any]) -> tuple[str, ...]:
    """Return the tables that a statement reads; its privilege names them."""
    return tuple(question.privilege.removeprefix("SELECT on ").split(", "))


def database_privileges(user: str, schema: str, *, tls: bool, address: str = EXPORTER_ADDRESS) -> str:
    """Return the statements that make the account which reads the database, for MySQL 8 and MariaDB alike.

    Only MariaDB 10.11 could be had for tests: that MySQL reads the executable comment as it should is from its manual.
    """
    account = f"{_quoted(user)}@{_quoted(address)}"
    asked = [question for question in catalogue() if question.via is Via.DATABASE]
    return "\n".join(
        (
            "-- CloudStack's database: an account that may read what is listed here, and nothing else.",
            "-- On the primary, for MySQL 8 and MariaDB 10.6 or newer; replicas take it over.",
            "-- Tested with MariaDB 10.11 alone: on MySQL 8 look at what config-check --online says.",
            "-- An older CloudStack may lack a table or column: with --force the client goes on after the error.",
            "-- Sessions at most: two exporters while each tries a server again, and one check beside them.",
            f"CREATE USER {account} IDENTIFIED BY 'PASSWORD'{' REQUIRE SSL' if tls else ''}",
            "  WITH MAX_USER_CONNECTIONS 5;",
            "-- To know how far a replica is behind. MySQL reads the first comment, MariaDB the second.",
            f"GRANT /*!80000 REPLICATION CLIENT */ /*M!100509 SLAVE MONITOR */ ON *.* TO {account};",
            *(_grant(table, schema, account, COLUMNS.get(table, ())) for table in database_tables()),
            *(_grant(table, schema, account, (column,)) for table, column in LATER_COLUMNS),
            "-- Asked with it; what is not granted stays unknown, and nothing else:",
            *(f"--   {question.name}: {question.why} ({question.privilege})" for question in asked),
            "",
        )
    )


def _grant(table: str, schema: str, account: str, columns: Sequence[str] = ()) -> str:
    """Return one statement; of a column that a schema lacks the whole statement is refused."""
    named = f" ({', '.join(columns)})" if columns else ""
    return f"GRANT SELECT{named} ON `{schema}`.`{table}` TO {account};"


def _quoted(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _line(question: Question[Any]) -> str:
    return f"#   {question.name}: {question.why} ({question.privilege})"


def keyscan_hosts(cloud: Cloud, port: int = 22) -> str:
    """Return the addresses of every machine we log in to, one per line, for ``ssh-keyscan -f``.

    It takes the port on its command line only, so the first line, a comment, is that command.
    """
    machines = {target.via for target in targets(cloud) if target.via is not None}
    addresses = sorted({machine.address for machine in machines})
    return "".join(f"{line}\n" for line in (f"# ssh-keyscan -p {port} -f -", *addresses))


@dataclass(frozen=True, slots=True)
class Lost:
    """What is lost on a machine when one question is refused there.

    Attributes:
        verdicts: checks that say nothing at all of the machine.
        comparisons: checks that compare machines, and may have to leave this one out.
        details: checks that judge all the same, and see less.
    """

    verdicts: tuple[Check, ...] = ()
    comparisons: tuple[Check, ...] = ()
    details: tuple[Check, ...] = ()


def lost(question: Question[Any], checks: Iterable[Check]) -> Lost:
    """Return what is lost without one question; each check stands where it loses most."""
    verdicts, comparisons, details = [], [], []
    for check in checks:
        if any(question in asked for asked in check.asks.values()):
            verdicts.append(check)
        elif any(question in needed for judge in check.groups for needed in judge.needs.values()):
            comparisons.append(check)
        elif any(question in used for used in check.uses.values()):
            details.append(check)
    return Lost(tuple(verdicts), tuple(comparisons), tuple(details))
