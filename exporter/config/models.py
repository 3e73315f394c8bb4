"""The configuration as frozen models. Each field's description is its one comment in the example file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from exporter.config import addresses
from exporter.config.accept import Matcher, matcher
from exporter.model import Ports


class Section(BaseModel):
    """What all sections share: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def _no_flag(value: object) -> object:
    """Return the value unchanged; yes and no, which are 1 and 0 to Python, are no numbers."""
    if isinstance(value, bool):
        message = "must be a number"
        raise ValueError(message)  # noqa: TRY004 - pydantic collects this one
    return value


Address = Annotated[str, AfterValidator(addresses.listen_address)]
Server = Annotated[str, AfterValidator(addresses.server)]
Servers = Annotated[tuple[Server, ...], AfterValidator(addresses.some)]
Resolver = Annotated[str, AfterValidator(addresses.resolver)]
Url = Annotated[str, AfterValidator(addresses.api_url)]
LabelMatcher = Annotated[Matcher, BeforeValidator(matcher), WithJsonSchema({"type": "string"})]
Seconds = Annotated[float, Field(gt=0, le=86400), BeforeValidator(_no_flag)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_no_flag)]
OWN_PATHS = frozenset({"/", "/findings", "/findings.json", "/-/healthy", "/-/ready"})
OWN_FOLDER = "/static/"
"""What the exporter serves beside the metrics; a test compares it with the web application."""


class CloudStackConfig(Section):
    """How the API is reached. The only source that is needed."""

    url: Url = Field(
        examples=["https://cloud.example.com/client/api"],
        description="address of the API; http:// towards loopback only",
    )
    api_key: SecretStr | None = Field(None, description="API key as ${ENVIRONMENT_VARIABLE}; or use api_key_file")
    api_key_file: Path | None = Field(
        None, examples=["api-key"], description="file that holds the API key; relative to this file"
    )
    secret_key: SecretStr | None = Field(None, description="secret key as ${ENVIRONMENT_VARIABLE}; or secret_key_file")
    secret_key_file: Path | None = Field(None, examples=["secret-key"], description="file that holds the secret key")
    ca_file: Path | None = Field(None, description="CA certificates (PEM) that sign the API's certificate")
    timeout: Seconds = Field(30, description="seconds after which one request is given up")
    concurrency: int = Field(4, ge=1, le=5, description="requests at the same time")
    per_second: float = Field(10, gt=0, le=100, description="requests per second")

    @model_validator(mode="after")
    def _keys(self) -> Self:
        for name in ("api_key", "secret_key"):
            given = [field for field in (name, f"{name}_file") if getattr(self, field) is not None]
            if len(given) != 1:
                message = f"give exactly one of {name} (as ${{VARIABLE}}) and {name}_file"
                raise ValueError(message)
        return self


class SshConfig(Section):
    """How hypervisor hosts, and through them routers and system VMs, are reached."""

    user: str = Field(
        examples=["cloudstack-exporter"], description="account on the hosts", pattern=r"^[A-Za-z_][A-Za-z0-9._-]{0,31}$"
    )
    key_file: Path = Field(examples=["id_ed25519"], description="private key of that account")
    key_passphrase: SecretStr | None = Field(None, description="passphrase as ${ENVIRONMENT_VARIABLE}")
    key_passphrase_file: Path | None = Field(None, description="file that holds the passphrase of the key")
    known_hosts_file: Path = Field(
        examples=["known_hosts"], description="host keys or @cert-authority lines; always verified"
    )
    mode: Literal["sudo", "forced", "root"] = Field(
        "sudo", description="sudo: wrapper by one sudo rule; forced: by a forced command; root: script over stdin"
    )
    wrapper_path: str = Field(
        "/usr/local/lib/cloudstack-network-exporter/collect",
        pattern=r"^/[A-Za-z0-9._/-]+$",
        description="where the wrapper is installed on the hosts",
    )
    legacy_system_vms: bool = Field(False, description="allow ssh-rsa and group14 on the inner hop, for old system VMs")
    hops_per_host: int = Field(2, ge=1, le=8, description="system VMs visited at once through one host")
    hops: int = Field(64, ge=1, le=1024, description="system VMs visited at once in all")
    compress: bool = Field(True, description="let hosts compress what they send; their sshd may decline")
    management_servers: bool = Field(True, description="log in to management servers too: their log and connections")


class DatabaseConfig(Section):
    """How CloudStack's database is read."""

    servers: Servers = Field(
        json_schema_extra={"minItems": 1},
        examples=[("db2.example.com:3306", "db1.example.com:3306")],
        description="replicas first: the first that answers and is up to date is asked",
    )
    user: str = Field(
        examples=["exporter"], min_length=1, description="account that may read; see: privileges database"
    )
    password: SecretStr | None = Field(None, description="password as ${ENVIRONMENT_VARIABLE}; or use password_file")
    password_file: Path | None = Field(None, examples=["database-password"], description="file that holds it")
    name: str = Field("cloud", pattern=r"^[A-Za-z0-9_$-]{1,64}$", description="schema of CloudStack")
    tls: bool = Field(True, description="false only where all servers are loopback addresses")
    ca_file: Path | None = Field(None, description="CA certificates (PEM) that sign the servers' certificates")
    lag_seconds: Seconds = Field(60, description="a replica further behind is not asked for inconsistencies")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.password is None) == (self.password_file is None):
            message = "give exactly one of password (as ${VARIABLE}) and password_file"
            raise ValueError(message)
        if not self.tls and not all(addresses.is_loopback(server.rpartition(":")[0]) for server in self.servers):
            message = "tls: false would send password and rows in the clear; it is allowed towards loopback only"
            raise ValueError(message)
        return self


class ConsoleConfig(Section):
    """How console proxies are dialled, as a browser would."""

    enabled: bool = Field(True, description="false where the exporter stands where no browser does")
    ca_file: Path | None = Field(None, description="CA certificates (PEM) that browsers trust beside the system's")
    resolver: tuple[Resolver, ...] = Field((), description="name servers that browsers use; none: /etc/resolv.conf")


class TemplatesConfig(Section):
    """Template images that are read where the exporter runs: a share of whoever makes templates, never a hypervisor."""

    directory: Path = Field(examples=["/srv/templates"], description="directory whose images are linted, below it too")
    seconds: Seconds = Field(600, description="after which reading one image is given up")
    work: str = Field("/var/tmp", pattern="^/", description="existing directory where an image is laid out meanwhile")  # noqa: S108
    here_anyway: bool = Field(False, description="true: also on a hypervisor host, where guests pay for it")
    work_bytes: int = Field(64 * 2**30, ge=2**20, description="most bytes written there for one image")


class PortsConfig(Section):
    """Every port that is dialled; change them only where a network translates ports."""

    ssh: Port = Field(22, description="hypervisor hosts and management servers")
    system_vm_ssh: Port = Field(3922, description="system VMs, from their host")
    agent: Port = Field(8250, description="management server, as agents see it")
    cluster: Port = Field(9090, description="management servers, as the others of them see it")
    console_http: Port = Field(80, description="console proxy without TLS")
    console_https: Port = Field(443, description="console proxy with TLS")
    console_vnc: Port = Field(8080, description="console websocket without TLS")
    console_vnc_tls: Port = Field(8443, description="console websocket with TLS")
    password: Port = Field(8080, description="password service of routers")
    metadata: Port = Field(80, description="metadata service of routers")
    dns: Port = Field(53, description="name service of routers")
    database: Port = Field(3306, description="database, as management servers see it; it is looked for, not dialled")
    libvirt: Port = Field(16509, description="libvirt of KVM hosts without TLS")
    libvirt_tls: Port = Field(16514, description="libvirt of KVM hosts with TLS")
    migration: Port = Field(49152, description="first port of live migrations between KVM hosts")
    hypervisor_https: Port = Field(443, description="XenServer and VMware hosts, as management servers see them")
    vnc: Port = Field(5900, description="first port of screens on a host, as console proxies see it")

    def ports(self) -> Ports:
        """Return them as the model's plain data."""
        return Ports(**self.model_dump())


class Intervals(Section):
    """Seconds between two visits of one target, and between two readings of the inventory."""

    inventory: Seconds = Field(300, description="everything the API tells")
    host: Seconds = Field(60, description="KVM hosts")
    xen_host: Seconds = Field(60, description="dom0 of XenServer and XCP-ng hosts")
    router: Seconds = Field(300, description="virtual routers")
    console_proxy: Seconds = Field(120, description="console proxies, from inside")
    console_endpoint: Seconds = Field(60, description="console proxies, as browsers see them")
    secondary_storage_vm: Seconds = Field(120, description="secondary storage VMs, from inside")
    host_endpoint: Seconds = Field(600, description="ports of hypervisor hosts, as management servers see them")
    management_server: Seconds = Field(60, description="management servers, from inside")
    database: Seconds = Field(60, description="the database; most statements are asked each tenth time")
    template_directory: Seconds = Field(600, description="the directory of template images; an image is read once")
    deadline: float = Field(60, ge=40, le=600, description="after which one visit is given up; a router needs 40")


class Accept(Section):
    """A finding that is known and accepted until a date."""

    metric: str = Field(description="metric name", pattern=r"^cloudstack_network_[a-z0-9_]+$")
    matchers: tuple[LabelMatcher, ...] = Field(
        (), description='label matchers as in Alertmanager: zone="a", router=~"r-1.*"'
    )
    reason: str = Field(description="why it is accepted; shown beside the finding", min_length=3, max_length=200)
    until: date = Field(description="last day on which it is accepted")


class WebConfig(Section):
    """What is served."""

    listen_address: Address = Field("127.0.0.1:10061", description="host:port to listen on")
    telemetry_path: str = Field("/metrics", pattern=r"^/[A-Za-z0-9_/-]+$", description="path of the metrics")

    @field_validator("telemetry_path", mode="before")
    @classmethod
    def _is_free(cls, path: object) -> object:
        if isinstance(path, str) and (path in OWN_PATHS or path.startswith(OWN_FOLDER)):
            message = "is a page of the exporter itself: choose another, for example /metrics"
            raise ValueError(message)
        return path


class LogConfig(Section):
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")
    format: Literal["logfmt", "json"] = Field("logfmt", description="logfmt or json")


class Limits(Section):
    """Bounds that keep one target from crowding the page."""

    series_per_target: int = Field(1000, ge=10, le=100000, description="series of one target in one family")


class Config(Section):
    """The whole file."""

    cloudstack: CloudStackConfig = Field(description="the API; the only section that is needed")
    ssh: SshConfig | None = Field(None, description="hosts, routers and system VMs; without it they are not visited")
    database: DatabaseConfig | None = Field(None, description="CloudStack's database; without it it is not read")
    console: ConsoleConfig = Field(default_factory=ConsoleConfig, description="console proxies from outside")
    templates: TemplatesConfig | None = Field(None, description="template images; without it none are linted")
    ports: PortsConfig = Field(default_factory=PortsConfig, description="ports that are dialled")
    intervals: Intervals = Field(
        default_factory=Intervals, description="cadence, in seconds, 10 or more; generate alerts for yours"
    )
    accept: tuple[Accept, ...] = Field((), description="findings that are known and accepted until a date")
    web: WebConfig = Field(default_factory=WebConfig, description="what is served")
    log: LogConfig = Field(default_factory=LogConfig, description="what is logged")
    limits: Limits = Field(default_factory=Limits, description="bounds")
