#!/bin/sh
# Makes a hypervisor of the virtual machine, as an administrator and CloudStack's agent would. Runs in it, as root.
# /etc/lab holds what the scene says: guests, links, rules.
set -eu

# Devices that come by the thousand would keep udev and systemd busy for minutes; nothing here waits for either.
systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd
modprobe -a bonding 8021q br_netfilter tun
systemctl start guests libvirtd cloudstack-agent

ip link add bond0 type bond mode 802.3ad miimon 100 lacp_rate fast xmit_hash_policy layer3+4
for nic in eth1 eth2; do
    ip link set "$nic" down
    ip link set "$nic" master bond0
done
ip link set bond0 up

# The administrator: guest traffic on the bond, untagged and tagged; management on a VLAN of the same bond.
ip link add cloudbr1 type bridge
ip link set bond0 master cloudbr1
ip link add link bond0 name bond0.100 type vlan id 100
ip link add cloudbr0 type bridge
ip link set bond0.100 master cloudbr0
ip address add 10.100.0.11/24 dev cloudbr0
for link in cloudbr1 bond0.100 cloudbr0; do
    ip link set "$link" up
done

# The agent: control network, a VLAN device and a bridge per VLAN in use, the taps of the guests, rules, logs.
ip link add cloud0 type bridge
ip address add 169.254.0.1/16 dev cloud0
ip link set cloud0 up
ip -batch /etc/lab/vlans
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ ! -e /run/guests-are-up ] || break
    sleep 0.5
done
ip -batch /etc/lab/taps
for family in iptables ip6tables arptables; do
    echo 1 >"/proc/sys/net/bridge/bridge-nf-call-$family"
done
/etc/lab/rules
mkdir -p /run/cloud
for log in /etc/lab/run-cloud/*; do
    cp "$log" /run/cloud/
done

systemctl start --no-block lldpd
