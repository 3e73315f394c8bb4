"""The command line. Thin: each command has its module.

A module is imported when its command is what was asked for.
"""

# ruff: noqa: PLC0415 - reading an image takes no asyncssh and no lab, and a mistyped word takes nothing

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from exporter import logs
from exporter.commands.lint_template import UNREAD, lint_template
from exporter.commands.lint_template import add_arguments as add_lint_arguments
from exporter.config import Config, ConfigError, load
from exporter.model import Issue

USAGE = 2
NAME = "cloudstack-network-exporter"
PRIVILEGES = ("api", "ssh", "wrapper", "database", "hosts")
"""What can be printed; all but the last before there is a configuration."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return its exit code: 0 good, 1 not, 2 wrong usage."""
    given = parser().parse_args(arguments)
    try:
        return _dispatch(given)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{NAME}: {error}\n")
    except KeyboardInterrupt:
        return 130
    return {"check": USAGE, "lint-template": UNREAD}.get(given.command, 1)


def parser() -> argparse.ArgumentParser:
    """Return the parser; without a command the daemon runs."""
    top = argparse.ArgumentParser(NAME, description="Prometheus exporter for the network issues of Apache CloudStack.")
    top.add_argument("--version", action="version", version=f"{NAME} {metadata.version(NAME)}")
    _add_config(top, default=None)
    top.add_argument("--web.listen-address", dest="listen_address", metavar="HOST:PORT", help="overrides the file")
    top.add_argument("--web.telemetry-path", dest="telemetry_path", metavar="PATH", help="overrides the file")
    top.add_argument("--log.level", dest="log_level", choices=("debug", "info", "warning", "error"))
    top.add_argument("--log.format", dest="log_format", choices=("logfmt", "json"))
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_config(commands.add_parser("run", help="serve metrics and findings; the default"))
    looks = commands.add_parser("check", help="visit once and report; exit code 0 clean, 1 problems, 2 not checked")
    _add_config(looks)
    looks.add_argument("--issue", choices=[issue.value for issue in Issue], help="only this issue")
    looks.add_argument("--target", metavar="NAME", help="only this machine, for example r-12-VM")
    _add_demo(commands.add_parser("demo", help="run against an embedded lab cloud"))
    good = commands.add_parser("config-check", help="say whether the configuration is good")
    _add_config(good)
    good.add_argument("--online", action="store_true", help="also log in to each backend, read-only")
    shows = commands.add_parser("privileges", help="print what each backend must allow")
    _add_config(shows)
    shows.add_argument("what", choices=PRIVILEGES, help="hosts: input for ssh-keyscan -f")
    commands.add_parser("metrics", help="list every metric")
    add_lint_arguments(commands.add_parser("lint-template", help="say what in a template image breaks its guests"))
    return top


def _add_config(to: argparse.ArgumentParser, default: object = argparse.SUPPRESS) -> None:
    to.add_argument("--config.file", dest="config_file", type=Path, metavar="FILE", default=default, help="YAML file")


def _add_demo(to: argparse.ArgumentParser) -> None:
    to.add_argument("--listen-address", default="127.0.0.1:10061", metavar="HOST:PORT", help="where to serve")
    to.add_argument("--hosts", type=int, default=argparse.SUPPRESS, help="KVM hosts in the lab")
    to.add_argument("--routers", type=int, default=argparse.SUPPRESS, help="virtual routers in the lab")
    to.add_argument("--no-database", action="store_true", help="without CloudStack's database")
    to.add_argument("--healthy", action="store_true", help="begin without faults")


def _dispatch(given: argparse.Namespace) -> int:
    match given.command:
        case "demo" | "lint-template":
            logs.configure(given.log_level or "warning", given.log_format or "logfmt")
            return _demo(given) if given.command == "demo" else lint_template(given)
        case "metrics":
            from exporter.commands.metrics import metrics

            return metrics()
        case "privileges":
            from exporter.commands.privileges import privileges

            return privileges(given.what, _config(given) if given.config_file else None)
        case _:
            return _dispatch_configured(given, _config(given))


def _dispatch_configured(given: argparse.Namespace, config: Config) -> int:
    match given.command:
        case "check":
            from exporter.commands.check import check

            logs.configure(given.log_level or "error", config.log.format)
            return check(config, Issue(given.issue) if given.issue else None, given.target)
        case "config-check":
            from exporter.commands.config_check import config_check

            return config_check(config, given.config_file, online=given.online)
        case _:
            from exporter.commands.run import run

            logs.configure(config.log.level, config.log.format)
            return run(config)


def _demo(given: argparse.Namespace) -> int:
    from exporter.commands.demo import demo

    return demo(given)


def _config(given: argparse.Namespace) -> Config:
    """Return the configuration with what the command line overrides.

    Raises:
        ConfigError: it is wrong, or there is none.
    """
    if given.config_file is None:
        message = "--config.file is missing; config/exporter.example.yml shows one"
        raise OSError(message)
    overrides = {
        ("web", "listen_address"): given.listen_address,
        ("web", "telemetry_path"): given.telemetry_path,
        ("log", "level"): given.log_level,
        ("log", "format"): given.log_format,
    }
    return load(given.config_file, os.environ, {path: value for path, value in overrides.items() if value})


if __name__ == "__main__":
    sys.exit(main())
