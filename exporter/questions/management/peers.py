"""Management servers that hold each other for dead."""

from __future__ import annotations

from exporter.questions.database.found import finds

MANAGEMENT_PEERS = finds(
    "management_peer_down",
    "Management servers that hold another one for dead although it writes its heartbeats: they take over its agents.",
    "mshost, mshost_peer",
    """
    SELECT o.uuid AS name, p.uuid AS seen
    FROM mshost_peer r
    JOIN mshost o ON o.id = r.owner_mshost AND o.removed IS NULL AND o.state = 'Up'
      AND o.last_update BETWEEN UTC_TIMESTAMP() - INTERVAL 150 SECOND AND UTC_TIMESTAMP() + INTERVAL 120 SECOND
    JOIN mshost p ON p.id = r.peer_mshost AND p.removed IS NULL AND p.state = 'Up' AND p.id <> o.id
      AND p.last_update BETWEEN UTC_TIMESTAMP() - INTERVAL 150 SECOND AND UTC_TIMESTAMP() + INTERVAL 120 SECOND
    WHERE r.peer_state = 'Down' AND r.peer_runid = p.runid
    """,
    every=1,
)
"""Each row: uuids of the server that says so and of the one that it says it of, in its present run."""
