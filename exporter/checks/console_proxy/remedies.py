"""What to do about a console proxy. The talk's last word: destroy it, CloudStack makes a new one."""

from __future__ import annotations

DESTROY = (
    "Destroy the console proxy (destroySystemVm): CloudStack makes a new one within minutes."
    " A reboot is not enough, it keeps the ports and boot arguments it was created with."
)
CHECK_HOST_SETTING = (
    "Check the settings 'host' (addresses of the management servers that system VMs can reach, never localhost)"
    " and 'management.network.cidr'."
)
CHECK_AGENT_PATH = "Check the way from the console proxy's private address to the management servers on 8250/tcp."
CHECK_PUBLIC_PATH = (
    "Check the firewall and the public VLAN on the way to the console proxy's public address:"
    " 80 or 443/tcp for the page, 8080 or 8443/tcp for the screen."
)
FIX_DNS = "Create DNS records a-b-c-d.<domain> for every address of the public range, for the resolvers of end users."
UPLOAD_CERTIFICATE = (
    "Upload certificate, key and all intermediates (uploadCustomCertificate);"
    " CloudStack then restarts the console proxies itself."
)
USE_WILDCARD = (
    "Get a certificate for *.<domain>, the domain being exactly consoleproxy.url.domain without '*.', and upload it"
    " with all intermediates (uploadCustomCertificate)."
)
TRUST_CA = "If the CA is your own and browsers know it, name it in console.ca_file of this exporter."
READ_LOG = "Search management-server.log for 'console proxy' and the proxy's name."
