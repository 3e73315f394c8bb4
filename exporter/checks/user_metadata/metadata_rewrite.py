"""The rewrite rules that lead each guest to its own data.

Symptom: every instance is answered 404, and so is the probe: it cannot tell.
Detect:  rules for meta-data in /var/www/html/latest/.htaccess, once the router holds data.
Fix:     stop and start an instance: the file is written again. One without RewriteEngine has to be deleted first.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import RECREATE_ROUTER
from exporter.checks.user_metadata.served import settles
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.metadata import METADATA_RULES, RewriteRules
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES
from exporter.questions.routers.state import ROUTER_IDENTITY

RULES = Metric(
    "cloudstack_network_user_metadata_rewrite_rules",
    "Working rules for meta-data in the router's latest/.htaccess, on routers that hold data of an instance.",
    labels=("zone", "router"),
    problem=equals(0),
)


PUSH = "Stop and start one instance of the network: CloudStack writes the rules again."
DELETE = "Delete latest/.htaccess on the router, then stop and start one instance: CloudStack writes the file again."


def judge(target: RouterTarget, answers: Answers, _: Cloud) -> Samples:
    """Yield the number of rules as soon as the router holds data of any instance."""
    if settles(target, answers) or not any(data.vm_id for data in answers[METADATA_INSTANCES].values()):
        return
    rules = answers[METADATA_RULES]
    yield RULES.sample(
        target.zone,
        target.name,
        value=rules.effective,
        seen=_seen(rules),
        expected="RewriteEngine On and a RewriteRule for meta-data in latest/.htaccess",
        remedy=DELETE if rules.has_file and not rules.is_on else PUSH,
    )


def _seen(rules: RewriteRules) -> str:
    if not rules.has_file:
        return "latest/.htaccess is missing"
    return f"{rules.count} rules for meta-data, RewriteEngine {'on' if rules.is_on else 'not on'}"


CHECK = Check(
    title="Metadata rewrite rules",
    metrics=(RULES,),
    remedies=(PUSH, DELETE, RECREATE_ROUTER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_IDENTITY, METADATA_RULES, METADATA_INSTANCES)},
)
