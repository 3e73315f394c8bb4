"""Configuration: YAML read once into frozen models; every mistake at once, each with its path and line."""

from exporter.config.load import load, load_intervals, parse
from exporter.config.mistakes import ConfigError, Mistake
from exporter.config.models import (
    Accept,
    CloudStackConfig,
    Config,
    ConsoleConfig,
    Intervals,
    Limits,
    LogConfig,
    SshConfig,
    WebConfig,
)

__all__ = [
    "Accept",
    "CloudStackConfig",
    "Config",
    "ConfigError",
    "ConsoleConfig",
    "Intervals",
    "Limits",
    "LogConfig",
    "Mistake",
    "SshConfig",
    "WebConfig",
    "load",
    "load_intervals",
    "parse",
]
