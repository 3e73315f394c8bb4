#!/bin/bash
# Builds the virtual machine that stands for a hypervisor: DIRECTORY/{vmlinuz,initrd,root.qcow2}, about three minutes.
#   build.sh DIRECTORY
# Needs root, debootstrap, busybox-static, cpio, kmod, qemu-utils. Packages come from where this machine's apt gets them.
set -euo pipefail

directory=$1
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

PACKAGES=systemd-sysv,udev,openssh-server,sudo,openvswitch-switch,ebtables,iptables,ipset,ethtool,lldpd
PACKAGES+=,iproute2,bridge-utils,kmod,procps,libvirt-clients,python3-minimal
# What is needed before the root file system can be read, and the NICs.
EARLY="virtio_pci virtio_blk ext4 virtio_net"

. /etc/os-release
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

mirror() { # the first place that apt has main of this release from
    apt-get indextargets --format '$(SITE)' "Codename: $VERSION_CODENAME" "Component: main" "Created-By: Packages" |
        head -n 1
}

make_root() {
    local proxy
    proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
    [ -z "$proxy" ] || export http_proxy=$proxy
    debootstrap --variant=minbase --include="$PACKAGES" "$VERSION_CODENAME" "$root" "$(mirror)" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log" >&2; return 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
}

make_kernel() {
    local package apt=()
    cd "$work"
    if ! apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1; then # lists of its own, where this machine has none
        mkdir -p lists/partial
        apt=(-o "Dir::State::Lists=$work/lists")
        apt-get -qq "${apt[@]}" update
    fi
    package=$(apt-cache "${apt[@]}" depends --important linux-image-cloud-amd64 |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
    apt-get -qq "${apt[@]}" -o APT::Sandbox::User=root download "$package"
    dpkg-deb -x "$package"_*.deb kernel
    release=${package#linux-image-}
    mv "kernel/boot/vmlinuz-$release" vmlinuz
    cp -a kernel/lib/modules "$root/lib/"
    depmod -b "$root" "$release"
    cd - >/dev/null
}

make_initrd() {
    local early=$work/early file
    mkdir -p "$early"/{bin,dev,root,modules,pushed}
    cp "$(command -v busybox)" "$early/bin/busybox"
    {
        printf '#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs dev /dev\n'
        modprobe -d "$root" -S "$release" --show-depends --all $EARLY | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
            while read -r file; do
                cp "$file" "$early/modules/"
                printf '/bin/busybox insmod /modules/%s\n' "${file##*/}"
            done
        printf '/bin/busybox ip address add 10.0.2.15/24 dev eth0\n/bin/busybox ip link set eth0 up\n'
        printf '/bin/busybox mount -t ext4 /dev/vda /root\n'
        printf '/bin/busybox cp -a /pushed/. /root/\n' # a second archive, made for one boot: keys and accounts
        printf 'exec /bin/busybox switch_root /root /sbin/init\n'
    } >"$early/init"
    chmod +x "$early/init"
    (cd "$early" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initrd"
}

# Nothing that a test does not need: every unit costs seconds under software emulation.
furnish() {
    echo kvm1 >"$root/etc/hostname"
    printf '127.0.0.1 localhost kvm1\n' >"$root/etc/hosts"
    rm -f "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_*
    local unit
    for unit in systemd-timesyncd systemd-resolved systemd-networkd apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
        e2scrub_reap fstrim.timer dpkg-db-backup.timer getty@tty1 serial-getty@ttyS0 systemd-journal-flush lldpd \
        openvswitch-switch ovs-vswitchd ovsdb-server ovs-record-hostname systemd-random-seed systemd-update-utmp \
        systemd-update-utmp-runlevel; do
        case $unit in
            lldpd | openvswitch-switch) chroot "$root" systemctl -q disable "$unit" ;; # a test starts it
            ovs* | systemd-random-seed) ;;
            *) chroot "$root" systemctl -q mask "$unit" 2>/dev/null || true ;;
        esac
    done
}

make_disk() {
    truncate -s 2G "$work/root.ext4"
    mkfs.ext4 -q -F -O ^has_journal -m 0 -d "$root" "$work/root.ext4"
    qemu-img convert -O qcow2 "$work/root.ext4" "$work/root.qcow2"
}

make_root
make_kernel
furnish
make_initrd
make_disk
mkdir -p "$directory"
mv "$work"/{vmlinuz,initrd,root.qcow2} "$directory/"
