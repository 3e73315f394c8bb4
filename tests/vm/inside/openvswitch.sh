#!/bin/sh
# Makes a hypervisor of the virtual machine whose bridges are those of Open vSwitch's kernel datapath. Runs in it, as root.
set -eu

modprobe -a openvswitch tun bridge
systemctl start openvswitch-switch
for nic in eth1 eth2; do
    ip link set "$nic" up
done
ovs-vsctl add-br cloudbr1 -- add-bond cloudbr1 bond0 eth1 eth2 bond_mode=balance-tcp lacp=active \
    other_config:lacp-time=fast
ovs-vsctl add-br cloudbr0 cloudbr1 100 # CloudStack's installation guide: management as a fake bridge on a VLAN
ip link set cloudbr1 up
ip link set cloudbr0 up
ip address add 10.100.0.11/24 dev cloudbr0
ip link add cloud0 type bridge
ip address add 169.254.0.1/16 dev cloud0
ip link set cloud0 up

systemctl start guests
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ ! -e /run/guests-are-up ] || break
    sleep 0.5
done
/etc/lab/plug
systemctl start libvirtd cloudstack-agent
systemctl start --no-block lldpd
