"""Hosts, management servers and work in the database that contradict each other or stand still."""

from __future__ import annotations

from exporter.questions.database.found import finds

ALIVE = """m.removed IS NULL AND m.last_update < UTC_TIMESTAMP() + INTERVAL 120 SECOND
        AND m.last_update > UTC_TIMESTAMP() - INTERVAL GREATEST(150, COALESCE((
          SELECT MAX(CAST(s.value AS UNSIGNED)) DIV 1000 FROM configuration s
          WHERE s.name = 'cluster.heartbeat.threshold'), 0)) SECOND"""
"""A management server m whose heartbeat is of now: 150 seconds old, or more where CloudStack is set to more.

One of the future is written by a wrong clock, and would look new for hours after its server died.
"""
LAST_HEARTBEAT = """COALESCE((SELECT MAX(b.last_update) FROM mshost b
        WHERE b.msid = OWNER AND b.removed IS NULL), 'never')"""
"""Part of a row's name: the heartbeat of a server that lives, and whose clock is wrong, goes on from round to round.

So its rows are others in each round, and are never found twice.
"""

HOST_OF_DEAD_SERVER = finds(
    "host_of_dead_server",
    "D17: hosts that claim to be Up at a management server that is dead; silent while no server is alive.",
    "host, mshost, cluster, configuration",
    """
    SELECT CONCAT(h.name, ', last heartbeat ', LAST_HEARTBEAT) AS name,
      CONCAT(h.status, ' at management server ', COALESCE(h.mgmt_server_id, 'none')) AS seen
    FROM host h
    LEFT JOIN mshost m ON m.msid = h.mgmt_server_id AND ALIVE
    LEFT JOIN cluster k ON k.id = h.cluster_id
    WHERE h.removed IS NULL AND h.type IN ('Routing', 'SecondaryStorageVM', 'ConsoleProxy')
      AND h.status IN ('Up', 'Connecting', 'Rebalancing') AND m.id IS NULL
      AND COALESCE(h.hypervisor_type, '') NOT IN ('Simulator', 'External')
      AND COALESCE(k.managed_state, 'Managed') = 'Managed'
      AND EXISTS (SELECT 1 FROM mshost m WHERE ALIVE)
    """.replace("LAST_HEARTBEAT", LAST_HEARTBEAT.replace("OWNER", "h.mgmt_server_id")).replace("ALIVE", ALIVE),
    every=5,
)
VM_WITHOUT_HOST = finds(
    "vm_without_host",
    "D20: running machines without a host that is there; of those that were imported no time of a change is known.",
    "vm_instance, host",
    """
    SELECT m.instance_name AS name,
      CONCAT('Running on ', COALESCE(h.name, 'no host'), IF(h.removed IS NULL, '', ', removed')) AS seen
    FROM vm_instance m LEFT JOIN host h ON h.id = m.host_id
    WHERE m.removed IS NULL AND m.state = 'Running'
      AND (m.update_time IS NULL OR m.update_time < UTC_TIMESTAMP() - INTERVAL 30 MINUTE)
      AND (m.host_id IS NULL OR h.id IS NULL OR h.removed IS NOT NULL)
    """,
)
HOST_ADDRESS_TWICE = finds(
    "host_address_twice",
    "D29: two live hypervisors with one private address.",
    "host",
    """
    SELECT private_ip_address AS name, GROUP_CONCAT(name ORDER BY id) AS seen FROM host
    WHERE removed IS NULL AND type = 'Routing' AND private_ip_address IS NOT NULL
      AND COALESCE(hypervisor_type, '') NOT IN ('Simulator', 'BareMetal', 'External')
    GROUP BY private_ip_address HAVING COUNT(*) > 1
    """,
)
HOST_IN_REMOVED_PLACE = finds(
    "host_in_removed_place",
    "D30: live hosts in a cluster, pod or zone that was removed.",
    "host, cluster, host_pod_ref, data_center",
    """
    SELECT h.name AS name, 'its cluster, pod or zone is removed' AS seen
    FROM host h LEFT JOIN cluster k ON k.id = h.cluster_id LEFT JOIN host_pod_ref p ON p.id = h.pod_id
    JOIN data_center z ON z.id = h.data_center_id
    WHERE h.removed IS NULL AND (k.removed IS NOT NULL OR p.removed IS NOT NULL OR z.removed IS NOT NULL)
    """,
)
AGENT_WITHOUT_VM = finds(
    "agent_without_vm",
    "D31: agents of system VMs that are no more; they sit in Alert for ever and look like a host that is down.",
    "host, vm_instance",
    """
    SELECT h.name AS name, CONCAT(h.type, ' ', h.status, ', no such machine') AS seen
    FROM host h LEFT JOIN vm_instance m ON m.name = h.name AND m.data_center_id = h.data_center_id AND m.removed IS NULL
    WHERE h.removed IS NULL AND h.type IN ('SecondaryStorageVM', 'ConsoleProxy') AND m.id IS NULL
    """,
)
LOCK_OF_DEAD_SERVER = finds(
    "lock_of_dead_server",
    "D24: locks held by a management server that is dead; silent while no server is alive.",
    "op_lock, mshost, configuration",
    """
    SELECT CONCAT(l.`key`, ', last heartbeat ', LAST_HEARTBEAT) AS name,
      CONCAT('held since ', l.acquired_on, ' by server ', l.mac) AS seen
    FROM op_lock l LEFT JOIN mshost m ON m.msid = CAST(l.mac AS UNSIGNED) AND ALIVE
    WHERE m.id IS NULL AND EXISTS (SELECT 1 FROM mshost m WHERE ALIVE)
    """.replace("LAST_HEARTBEAT", LAST_HEARTBEAT.replace("OWNER", "CAST(l.mac AS UNSIGNED)")).replace("ALIVE", ALIVE),
)
LOCK_HELD_LONG = finds(
    "lock_held_long",
    "D24: locks that a living server holds for more than six hours.",
    "op_lock, mshost, configuration",
    """
    SELECT l.`key` AS name, CONCAT('held since ', l.acquired_on) AS seen
    FROM op_lock l JOIN mshost m ON m.msid = CAST(l.mac AS UNSIGNED) AND ALIVE
    WHERE l.acquired_on < UTC_TIMESTAMP() - INTERVAL 6 HOUR
    """.replace("ALIVE", ALIVE),  # Merovingian2.doAcquire writes GMT, whatever the time zone of the server
)
HA_WORK_STUCK = finds(
    "ha_work_stuck",
    "D25: work of high availability that was tried three times or more and has not come to an end for an hour. As"
    " shipped it is tried five times, ten minutes apart; what was only put off once or twice is not counted.",
    "op_ha_work",
    """
    SELECT CONCAT('work ', id) AS name, CONCAT(step, ' since ', created, ' UTC, tried ', tried) AS seen
    FROM op_ha_work
    WHERE step NOT IN ('Done', 'Error', 'Cancelled') AND created < UTC_TIMESTAMP() - INTERVAL 60 MINUTE AND tried >= 3
    """,
)
VM_WORK_STUCK = finds(
    "vm_work_stuck",
    "D26: work on machines that has not come to an end for an hour; a server that crashed leaves it behind.",
    "op_it_work",
    """
    SELECT CONCAT('work ', id) AS name, CONCAT(step, ' since ', FROM_UNIXTIME(updated_at)) AS seen
    FROM op_it_work WHERE step <> 'Done' AND updated_at < UNIX_TIMESTAMP() - 3600
    """,
)
