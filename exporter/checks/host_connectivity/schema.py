"""A database whose schema is not that of the management servers, or is half of two versions.

Symptom: management servers refuse to start, or fail at columns that are not there; an upgrade that nobody finished.
Detect:  version.step of every upgrade is Complete; the newest version has the release of mshost.version.
Fix:     finish the upgrade, or restore the backup of before; never write into the table version by hand.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.remedies import FINISH_UPGRADE
from exporter.checks.host_connectivity.servers import PER_SERVER, is_fresh, names
from exporter.checks.host_connectivity.versions import release
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS

READ_UPGRADE_LOG = (
    "Read what management-server.log says about the upgrade. It is finished by starting the management server again,"
    " or undone by restoring the database from before it; not by a change of the table version."
)

INCOMPLETE = Metric(
    "cloudstack_network_host_connectivity_schema_upgrades_incomplete",
    "Upgrades of the database schema whose step is not Complete, from the table version.",
    labels=("database",),
    problem=above(0),
    subject="database",
)
DIFFERS = Metric(
    "cloudstack_network_host_connectivity_management_server_schema_differs",
    "Whether the management server is alive and of another release than the schema of its database.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)


def judge(target: DatabaseTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the upgrades that have not come to an end, and of each living server whether the schema is its own."""
    versions = answers[DATABASE_VERSIONS]
    open_ones = [one for one in versions if not one.is_complete]
    yield INCOMPLETE.sample(
        target.name,
        value=len(open_ones),
        seen=", ".join(f"{one.version} {one.step}" for one in open_ones[-3:]),
        expected="Complete",
        remedy=READ_UPGRADE_LOG,
    )
    schema = versions[-1].version
    rows = answers.get(DATABASE_SERVERS) or ()
    shown = names(rows, cloud)
    for row in rows:
        if row.state == "Up" and is_fresh(row, cloud) and release(row.version) and release(schema):
            yield DIFFERS.sample(
                shown[row.id],
                value=int(release(row.version) != release(schema)),
                seen=f"server {row.version}, schema {schema}",
                expected="the same release",
            )


CHECK = Check(
    title="Database schema and management servers",
    metrics=(INCOMPLETE, DIFFERS),
    remedies=(FINISH_UPGRADE, READ_UPGRADE_LOG),
    judges={DatabaseTarget: judge},
    asks={DatabaseTarget: (DATABASE_VERSIONS,)},
    uses={DatabaseTarget: (DATABASE_SERVERS,)},
)
