"""Every limit that decides what is a problem: findings, ``check`` and the alert rules read these numbers."""

from __future__ import annotations

CERTIFICATE_EXPIRES_SOON = 30 * 86400  # seconds ahead: time to buy and install a new one
CERTIFICATE_EXPIRES_NOW = 7 * 86400  # seconds ahead: wake somebody in office hours
CONSOLE_SESSIONS_RATIO = 0.8  # of consoleproxy.session.max
PASSWORD_PENDING_SECONDS = 1800  # a guest that runs fetches its password within five minutes
ROUTER_HEALTH_STALE_SECONDS = 2400  # basic interval + fetch interval, three times
SYSTEM_VM_SETTLES_SECONDS = 900  # a recreated system VM or router needs 2-5 minutes to serve
INSTANCE_SETTLES_SECONDS = 900  # after a start, data is pushed and the guest asks
ROUTER_RESTARTED_LATELY_SECONDS = 86400  # a fault on a router that young has outlived a restart
HOST_SETTLES_SECONDS = 1800  # a host that was just added is still being set up
ROWS_PER_TARGET = 20  # instances shown one by one; the rest is in the count beside them

# vlan_trunking
VLAN_POOL_FREE_RATIO = 0.1  # of a physical network's guest VLANs: weeks, not days, to get more from the network team
VLAN_POOL_FREE = 5  # of a pool of twenty and more: the next few networks cannot be made
VLAN_POOL_SMALL = 20  # a smaller pool is small on purpose; its ratio is judged alone
VLAN_ONE_WAY_FRAMES = 30  # sent without any frame back between two visits: a quiet VLAN sends less
VLAN_ORPHAN_BRIDGE_SECONDS = 86400  # a bridge without a machine for that long is left over
VLAN_SILENT_MACHINES = 2  # of one network on one host: a single silent machine may be switched off inside
VLAN_UNTAKEN_OFFERS = 2  # of one network behind its router: a single one is a guest that was reset while it asked

# hypervisor_links
HOST_VLANS_MANY = 800  # VLAN devices of one host: XenServer's own limit; each start of a machine gets slower with them
HOST_BRIDGES_MANY = 820  # Linux bridges of one host: one for each of 800 VLANs, and those of labels; more are left over
HOST_INTERFACES_MANY = 2200  # of one host: devices and bridges of 800 VLANs, 512 taps (XenServer's limit), NICs, labels
BRIDGE_PORTS_MANY = 900  # of the 1023 that a Linux bridge can have
CARRIER_CHANGES_MANY = 6  # in a quarter of an hour; a switch that reboots makes two
BAD_FRAMES_A_SECOND = 1  # damaged frames: an optic, a cable or a port is dying
BAD_FRAMES_RATIO = 1e-6  # of the frames received; Ethernet promises far less
BROADCASTS_A_SECOND = 2000  # per uplink: a loop or a storm; large networks have some hundred
MULTICASTS_A_SECOND = 20_000  # per uplink; above what overlays and clusters chat
DATABASE_LASTING_SECONDS = 540  # a row that contradicts others: ten minutes, less what a visit may come early
DATABASE_LASTING_SOON_SECONDS = 270  # a host of a dead management server: five minutes, likewise
DATABASE_LEAKED_RATIO = 0.1  # of the management or control addresses: weeks until none is left for system VMs

# physical_networks
OWN_VLAN_FRAMES = 30  # sent by a host in a VLAN between two visits: more than IPv6 sends by itself in one nobody uses

# security_groups
RULES_UNSENT_SECONDS = 300  # a machine gets its first rules as it starts, or within two pings of the agent
RULES_BEHIND_SECONDS = 300  # CloudStack sends rules again within two pings of the agent, a minute each

# open_vswitch
OVS_LACP_SETTLES_SECONDS = 90  # three slow LACP periods: after a start a bond is still being negotiated
OVS_FLOWS_RATIO = 0.9  # of the flow limit, which the switch lowers when it is slow; above it new flows are evicted
OVS_FLOW_DUMP_SECONDS = 1  # one walk over all flows: the switch no longer follows its own flows
OVS_MAC_TABLE_RATIO = 0.9  # of the MAC table; when it is full, frames are flooded to all ports
OVS_MAC_MOVES_A_MINUTE = 10  # of one bridge; a live migration makes a few
OVS_POLL_SECONDS = 2  # busy with one thing for that long: connections from new machines wait meanwhile
OVS_POLL_LATELY_SECONDS = 900  # how far back the log is judged
OVS_RESTARTS = 2  # in a quarter of an hour; an upgrade restarts a daemon once or twice

# host_connectivity
HEARTBEAT_STALE_SECONDS = 150  # cluster.heartbeat.threshold as shipped: then CloudStack itself holds a server for dead
SERVER_RETIRED_SECONDS = 86400  # Down for that long: stopped on purpose, or known to those who were told for a day
SERVER_RESTARTS = 2  # of one management server within an hour; an upgrade or a changed setting needs one or two
MANAGEMENT_SETTLES_SECONDS = 600  # a management server that was just started opens its ports within some minutes
CLOCKS_APART_SECONDS = 30  # of two management servers: console sessions of one are too old or too new for the other
API_REQUEST_SECONDS = 5  # mean of a quarter of an hour; a healthy management server lists 500 machines in one or two
AGENT_CERTIFICATE_ATTEMPTS = 5  # days after CloudStack should have renewed it: it tries each hour, so that has failed
SYSTEM_VM_DISK_RATIO = 0.9  # of a file system: logs fill the rest within days, then every change of CloudStack fails
SYSTEM_VM_MEMORY_RATIO = 0.05  # available: the next large change of configuration is killed half-way
SYSTEM_VM_CONNECTIONS_RATIO = 0.9  # of the connections that the kernel tracks: at all of them new ones are dropped
SYSTEM_VM_CLOCK_SECONDS = 120  # from the other system VMs of the zone, of which the length of a visit may be a minute

# templates
TEMPLATE_STUCK_SECONDS = 3600  # a download that has not moved one percent for that long does not move
TEMPLATE_WAITING_SECONDS = 900  # a download that nobody has begun: a secondary storage VM needs five minutes to start
TEMPLATE_UNFINISHED_SECONDS = 21600  # anything else: CloudStack waits three hours for a template to be made, copied
TEMPLATE_UPLOAD_SECONDS = 86400  # an upload that nobody begins: CloudStack itself gives it up, after an hour as shipped
TEMPLATE_OWNERS = 3  # whose URLs fail alike within a day: they do not all mistype, so it is the way or a setting
TEMPLATE_RECENT_SECONDS = 86400  # since a template was registered: old ones that nobody deletes say nothing of today
TEMPLATE_GUESTS = 3  # of one template, on two hosts and in two networks: fewer can be silent by chance
TEMPLATE_SILENT_RATIO = 0.8  # of a template's machines: what is left are those that somebody mended by hand
TEMPLATE_UNFETCHED_RATIO = 0.5  # of a template's machines: some users remove the script, hardly half of them
WINDOWS_SETTLES_SECONDS = 2400  # sysprep takes twenty minutes at the first start, twice that on a slow disk
NEIGHBOURS_KEPT = 128  # gc_thresh1 of Linux as shipped: with fewer entries no ARP entry is ever forgotten
HOST_CHANGING_SECONDS = 900  # Connecting or Rebalancing: an agent connects within a minute, a server's agents in a few
HOST_RECONNECTS = 3  # connections of one agent lost within an hour; an upgrade or a reboot loses one or two
HOST_RECONNECTS_SECONDS = 3600  # that hour: agents that are lost less often are hardly missed
MAINTENANCE_PREPARED_SECONDS = 4 * 3600  # of a host that is being emptied: large machines move for an hour or two
CLUSTER_HOSTS_LOST_RATIO = 0.3  # of a cluster's hosts, and at least two: a rack, a switch or a network, not a host
CLUSTER_HOSTS_LOST = 2  # a single host is told by itself, however small its cluster

# user_metadata
LOG_COMPLAINTS = 2  # of one kind in a quarter of an hour of management-server.log; single ones heal by themselves
LOG_FREQUENT = 20  # the same of kinds of which a rebooting host causes a dozen in a big cloud; more is a lasting fault
LOG_SILENT_SECONDS = 900  # a management server that works writes several lines a minute

# About the exporter itself; only its own alerts and dashboards read these.
TARGETS_BLIND_RATIO = 0.2  # of a kind of target: a fault of ours or of the way there, not of single machines
INVENTORY_SHRUNK_FROM = 10  # objects of a kind: fewer come and go in a small cloud
INVENTORY_SHRUNK_RATIO = 0.5  # of the most in six hours: keys that see less answer with short lists, not with errors
INVENTORY_GAPS = 4  # in an hour: single readings fail; more is an API too slow for the inventory's time to live
MISSED_VISITS = 3  # intervals without any success of a kind
SHORTEST_INTERVAL_SECONDS = 30  # shorter ones count as this: what is scraped is as old as the scrape
EVENT_LOOP_LAG_SECONDS = 1  # probes measured later than this are no longer about the target
