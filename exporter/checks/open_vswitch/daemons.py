"""Daemons of Open vSwitch that are gone, hang, are restarted again and again, or are busy for too long.

Symptom: machines that start or migrate get no network; ovs-vsctl waits for ever; later existing traffic stops too.
Detect:  ovs-appctl to both daemons with two seconds to answer; their start in /proc; long poll intervals in the log.
Fix:     start the service; where it hangs, look what it does before it is restarted.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, gauge, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above, equals
from exporter.questions.hosts.ovs_runtime import DATABASE, OVS_RUNTIME, SWITCH, Daemon, OvsRuntime, State
from exporter.thresholds import OVS_POLL_LATELY_SECONDS, OVS_POLL_SECONDS
from exporter.topology.hosts import names

UP = gauge(
    "daemon_up",
    "Whether ovsdb-server and ovs-vswitchd run and answer ovs-appctl within two seconds.",
    "daemon",
    problem=equals(0),
)
STARTED = gauge(
    "daemon_started_seconds",
    "Seconds from the boot of the host to the start of the daemon, by /proc; a new value is a restart.",
    "daemon",
)
POLL = gauge(
    "poll_interval_seconds",
    "Longest time that ovs-vswitchd was busy with one thing within a quarter of an hour, by its log; 0 for none.",
    problem=above(OVS_POLL_SECONDS),
)
START = "Start the service: systemctl start openvswitch-switch (Debian, Ubuntu) or openvswitch (RHEL and its kin)."
LOOK = "Look into /var/log/openvswitch/ovs-vswitchd.log and at its CPU before it is restarted: top -H -p PID."
INSTALL = "Install Open vSwitch, or let the agent plug into Linux bridges (network.bridge.type=native)."
BUSY = "Look what the log says around the long poll interval: many ports, flapping ports, memory, a slow disk, CPU."
WORDS = {State.DOWN: "does not run", State.HANGS: "runs, and does not answer within two seconds"}


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on both daemons, where CloudStack uses them."""
    host, runtime = names(target, cloud), answers[OVS_RUNTIME]
    if runtime is None:
        for name in (DATABASE, SWITCH):
            yield UP.sample(*host, name, value=0, seen="not there", expected="runs and answers", remedy=INSTALL)
        return
    for daemon in (runtime.database, runtime.switch):
        yield UP.sample(
            *host,
            daemon.name,
            value=int(daemon.is_up),
            seen=WORDS.get(daemon.state, ""),
            expected="runs and answers",
            remedy=_remedy(daemon),
        )
        if daemon.started is not None:
            yield STARTED.sample(*host, daemon.name, value=daemon.started)
    yield from _polls(host, runtime, answers.now)


def _remedy(daemon: Daemon) -> str:
    return START if daemon.state is State.DOWN else LOOK


def _polls(host: tuple[str, str, str], runtime: OvsRuntime, now: float) -> Samples:
    """Yield the longest poll interval of late, unless the log was not read."""
    if runtime.polls is None:
        return
    lately = [poll.seconds for poll in runtime.polls if abs(now - poll.at) <= OVS_POLL_LATELY_SECONDS]
    longest = max(lately, default=0)
    yield POLL.sample(
        *host,
        value=longest,
        seen=f"{len(lately)} long poll intervals, the longest {longest:.1f} s",
        expected=f"none longer than {OVS_POLL_SECONDS} s",
        remedy=BUSY,
    )


CHECK = Check(
    title="Open vSwitch daemons",
    metrics=(UP, STARTED, POLL),
    remedies=(START, LOOK, INSTALL, BUSY),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_RUNTIME,)},
    uses={HostTarget: SEES},
    reads=READS,
)
