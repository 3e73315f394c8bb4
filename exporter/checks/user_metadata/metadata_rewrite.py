"""The rewrite rules that lead each guest to its own data.

Symptom: every instance is answered 404, and so is the probe: it cannot tell.
Detect:  rules for meta-data in /var/www/html/latest/.htaccess, once the router holds data.
Fix:     stop and start the router: the file is written again.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import LADDER, router_remedy
from exporter.checks.user_metadata.served import settles
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.metadata import METADATA_RULES
from exporter.questions.metadata_instances import METADATA_INSTANCES
from exporter.questions.router import ROUTER_IDENTITY

RULES = Metric(
    "cloudstack_network_user_metadata_rewrite_rules",
    "Rules for meta-data in the router's latest/.htaccess, on routers that hold data of an instance.",
    labels=("zone", "router"),
    problem=equals(0),
)


def judge(target: RouterTarget, answers: Answers, _: Cloud) -> Samples:
    """Yield the number of rules as soon as the router holds data of any instance."""
    if settles(target, answers) or not any(data.vm_id for data in answers[METADATA_INSTANCES].values()):
        return
    rules = answers[METADATA_RULES]
    yield RULES.sample(
        target.zone,
        target.name,
        value=rules.count,
        seen="no rule for meta-data" if rules.has_file else "latest/.htaccess is missing",
        expected="at least one RewriteRule for meta-data in latest/.htaccess",
        remedy=router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime),
    )


CHECK = Check(
    title="Metadata rewrite rules",
    metrics=(RULES,),
    remedies=LADDER,
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_IDENTITY, METADATA_RULES, METADATA_INSTANCES)},
)
