"""Configuration: every rule has a bad example, and every mistake is told at once with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.board import JudgmentBoard
from exporter.config import Config, ConfigError, Intervals, load, load_intervals, parse
from exporter.config.accept import matcher
from exporter.config.example import example, schema
from exporter.config.models import OWN_FOLDER, OWN_PATHS
from exporter.model import Ports
from exporter.page import Page
from exporter.web.application import WebSettings, application
from tests.clocks import HandClock

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENT = {"API_KEY": "the-api-key", "SECRET_KEY": "the-secret-key", "PASSPHRASE": "open sesame"}
KEYS = (
    "cloudstack", "ssh", "database", "console", "templates", "intervals", "accept", "web", "url", "api_key", "key_file",
    "ca_file", "servers", "resolver", "directory", "telemetry_path", "host", "matchers", "x",
)  # fmt: skip
SMALL = "cloudstack: {url: 'https://c.example.com/client/api', api_key: '${API_KEY}', secret_key: '${SECRET_KEY}'}\n"


def assert_config_or_mistakes(text: str) -> None:
    mistakes = None
    try:
        parse(text, ENVIRONMENT, folder=HERE)
    except ConfigError as error:
        mistakes = error.mistakes
    assert mistakes is None or (mistakes and all(mistake.line >= 1 for mistake in mistakes))


def bad_files() -> list[Path]:
    return sorted((HERE / "bad").glob("*.yml"))


@pytest.mark.parametrize("path", bad_files(), ids=lambda path: path.stem)
def test_each_rule_refuses_its_bad_example_and_names_the_place(path: Path) -> None:
    """The first line of each file says what the message must hold; that is the only mistake in it."""
    expected = path.read_text().splitlines()[0].removeprefix("# expect: ")
    with pytest.raises(ConfigError) as caught:
        load(path, ENVIRONMENT)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(caught.value.mistakes) == 1


def test_url_api_key_and_secret_are_enough() -> None:
    """Everything else has a default."""
    config = parse(SMALL, ENVIRONMENT, folder=HERE)
    assert config.ssh is None
    assert config.web.listen_address == "127.0.0.1:10061"
    assert config.ports.ports() == Ports()


def test_every_mistake_is_told_at_once() -> None:
    """Five mistakes, five lines, in the order of the file."""
    text = "cloudstack:\n  url: nope\n  api_key: literal\n  secret_key: '${UNSET}'\nlog: {level: loud}\nnope: 1\n"
    with pytest.raises(ConfigError) as caught:
        parse(text, ENVIRONMENT, folder=HERE)
    assert [mistake.line for mistake in caught.value.mistakes] == [2, 3, 4, 5, 6]


def test_secrets_come_from_files_and_environment_and_are_not_shown(tmp_path: Path) -> None:
    """Law 6: neither repr nor a dump of the configuration shows a secret."""
    (tmp_path / "secret").write_text("from-a-file\n")
    text = SMALL.replace("secret_key: '${SECRET_KEY}'", "secret_key_file: secret")
    config = parse(text, ENVIRONMENT, folder=tmp_path)
    assert config.cloudstack.secret_key is not None
    assert config.cloudstack.secret_key.get_secret_value() == "from-a-file"
    shown = repr(config) + str(config.model_dump()) + config.model_dump_json()
    assert "from-a-file" not in shown
    assert "the-api-key" not in shown


def test_a_mistake_never_shows_a_secret() -> None:
    """A secret written into the file by mistake is not repeated in the message."""
    text = SMALL.replace("${SECRET_KEY}", "canary-4711").replace("https:", "htp:")
    with pytest.raises(ConfigError) as caught:
        parse(text, ENVIRONMENT, folder=HERE)
    assert "canary-4711" not in str(caught.value) + repr(caught.value.mistakes)


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    """A configuration can be moved with its keys."""
    text = SMALL + "ssh: {user: monitor, key_file: key, known_hosts_file: /etc/known}\n"
    config = parse(text, ENVIRONMENT, folder=tmp_path)
    assert config.ssh is not None
    assert (config.ssh.key_file, config.ssh.known_hosts_file) == (tmp_path / "key", Path("/etc/known"))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.1.2.3"])
def test_the_api_of_this_machine_may_be_asked_without_tls(host: str) -> None:
    """A proxy beside the exporter, and the lab."""
    url = f"http://{host}/client/api"
    assert parse(SMALL.replace("https://c.example.com/client/api", url), ENVIRONMENT, folder=HERE).cloudstack.url == url


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "[2001:db8::1]:8080"])
def test_the_api_of_another_machine_is_asked_over_tls_alone(host: str) -> None:
    """Law 5: key, signature and inventory do not cross a network in the clear."""
    with pytest.raises(ConfigError, match="use https://"):
        parse(SMALL.replace("https://c.example.com", f"http://{host}"), ENVIRONMENT, folder=HERE)


@pytest.mark.parametrize("section", ["ssh", "console", "ports", "intervals", "accept", "web", "templates"])
def test_a_section_with_nothing_in_it_is_as_good_as_none(section: str) -> None:
    """Whoever comments out all keys of a section need not comment out its name."""
    empty = parse(f"{SMALL}{section}:\n", ENVIRONMENT, folder=HERE)
    assert empty == parse(SMALL, ENVIRONMENT, folder=HERE)


def test_metrics_may_be_on_any_path_but_the_exporters_own() -> None:
    """What is refused is exactly what the web application serves."""
    clock = HandClock(now=0.0, offset=0.0)
    app = application(Page(clock, ()), JudgmentBoard(clock, ()), lambda: True, version="0")
    served = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    own = {path for path in served if not path.startswith(OWN_FOLDER)} - {WebSettings().metrics_path}
    assert own == OWN_PATHS
    assert {path for path in served if path.startswith(OWN_FOLDER)}
    for path in served - {WebSettings().metrics_path}:
        with pytest.raises(ConfigError, match="is a page of the exporter itself"):
            parse(f"{SMALL}web: {{telemetry_path: {path}}}\n", ENVIRONMENT, folder=HERE)


def test_the_command_line_may_not_say_what_the_file_may_not() -> None:
    """An override is checked as what it replaces."""
    with pytest.raises(ConfigError, match=r"web\.telemetry_path: is a page of the exporter itself"):
        parse(SMALL, ENVIRONMENT, folder=HERE, overrides={("web", "telemetry_path"): "/findings"})


def test_intervals_are_read_where_nothing_else_is(tmp_path: Path) -> None:
    """Alerts are generated where Prometheus is, without the exporter's secrets and files."""
    path = tmp_path / "config.yml"
    path.write_text("cloudstack: {api_key_file: not-here}\nintervals: {router: 900}\n")
    assert load_intervals(path) == Intervals(router=900)
    path.write_text("cloudstack:\n")
    assert load_intervals(path) == Intervals()
    path.write_text("a: 1\nintervals:\n  router: often\n")
    with pytest.raises(ConfigError, match=r"config\.yml: line 3: intervals\.router: must be a number"):
        load_intervals(path)


def test_no_message_needs_knowledge_of_our_code() -> None:
    """Neither names of classes, nor words of Python or of the library that checks."""
    told = []
    for path in bad_files():
        with pytest.raises(ConfigError) as caught:
            load(path, ENVIRONMENT)
        told += [mistake.message for mistake in caught.value.mistakes]
    jargon = re.compile(r"Config|instance|dictionary|tuple|Input|String|parse|pathlib|Errno")
    assert [message for message in told if jargon.search(message)] == []


def test_models_are_frozen() -> None:
    """Nobody changes the configuration while it is used."""
    config = parse(SMALL, ENVIRONMENT, folder=HERE)
    with pytest.raises(ValueError, match="frozen"):
        config.log = config.log  # type: ignore[misc]


def test_the_example_is_loaded_and_holds_every_default(tmp_path: Path) -> None:
    """What the example says is what holds without it."""
    text = (ROOT / "config/exporter.example.yml").read_text()
    for name in ("api-key", "secret-key", "database-password"):
        (tmp_path / name).write_text("x")
    config = parse(text, {}, folder=tmp_path)
    plain = parse(SMALL, ENVIRONMENT, folder=tmp_path)
    for section in ("console", "ports", "intervals", "web", "log", "limits"):
        assert getattr(config, section) == getattr(plain, section)
    assert len(config.accept) == 1


def test_the_example_names_every_key_with_a_comment() -> None:
    """No key without its one comment."""
    text = (ROOT / "config/exporter.example.yml").read_text()
    assert text == example()
    for section, field in Config.model_fields.items():
        assert f"\n{section}:  # {field.description}\n" in text
    assert all(" # " in line for line in text.splitlines()[4:] if line)


def test_the_schema_is_that_of_the_models_and_fits_the_example() -> None:
    """Editors check what the exporter checks."""
    text = (ROOT / "config/exporter.schema.json").read_text()
    assert text == schema()
    keys = json.loads(text)["properties"].keys()
    assert keys == yaml.safe_load((ROOT / "config/exporter.example.yml").read_text()).keys()


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ('zone="a"', "a", True),
        ('zone!="a"', "a", False),
        ('zone=~"a|b"', "b", True),
        ('zone=~"a"', "ab", False),
        ('zone!~"a.*"', "ab", False),
        (r'zone="say \"hi\""', 'say "hi"', True),
        (' zone = "a" ', "a", True),
    ],
)
def test_matchers_read_as_in_alertmanager(text: str, value: str, *, matches: bool) -> None:
    """Four operators, quoted values, regular expressions over the whole value."""
    assert matcher(text).matches(value) is matches


@given(st.text(max_size=200))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    """Whatever stands in the file, the answer is a list of mistakes, never another exception."""
    assert_config_or_mistakes(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_yaml_is_a_config_or_a_config_error(data: object) -> None:
    """Known keys with values of the wrong kind are mistakes with a place."""
    assert_config_or_mistakes(yaml.safe_dump(data))


@given(st.text(max_size=40))
def test_any_file_named_for_certificates_is_usable_or_a_mistake(name: str) -> None:
    """Whatever the path: names too long, with a zero in them, of folders."""
    assert_config_or_mistakes(SMALL + yaml.safe_dump({"console": {"ca_file": name}}))


@given(st.text(max_size=40), st.sampled_from(["http://", "https://", ""]))
def test_any_address_is_taken_or_a_mistake(host: str, scheme: str) -> None:
    """Whatever stands where an address should."""
    shown = {"database": {"servers": [host], "user": "x", "password": "${API_KEY}"}, "console": {"resolver": [host]}}
    assert_config_or_mistakes(SMALL + yaml.safe_dump(shown))
    assert_config_or_mistakes(SMALL.replace("https://c.example.com", f"{scheme}{host}".replace("'", "''")))
