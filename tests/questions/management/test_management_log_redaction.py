"""Secrets in management-server.log: what the collector sends does not hold them, and what is counted stays the same."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.questions.management.log_lines import LONGEST_LINE, LogCounts, messages
from exporter.questions.management.log_redaction import REDACTION
from tests.questions.management.test_management_log_follow import AWKS, Log, talk
from tests.questions.management.test_management_log_lines import ERAS, ROWS, in_era
from tests.real_parts import require

CANARY = "Canary7+/x"
HEADER = "2025-10-27 15:50:13,678 ERROR [c.c.X] (T-1:[ctx-1]) (logid:{}) {}\n"
NASTY = "abcXYZ019 \"'\\{}[]()<>,;:=&%$#@!?/|~^`+-_*\tü"
MESSAGES = (
    f"password={CANARY}",
    f"password = {CANARY} tail",
    f"vmPassword: {CANARY}",
    f"Set passwd {CANARY} there",
    f"password to {CANARY}, the new password is {CANARY}",
    f"PASSWORD=>{CANARY}",
    f"db.cloud.password={CANARY}",
    f"{{password=[{CANARY}], user=[admin]}}",
    f'{{"password":"{CANARY}","name":"r-4-VM"}}',
    f'{{"password" : "{CANARY} {CANARY}"}}',
    f'{{"secret":"a\\"{CANARY}","name":"x"}}',
    f'{{\\"secretkey\\":\\"{CANARY} {CANARY}\\",\\"a\\":1}}',
    f"the passphrase '{CANARY} {CANARY}' is wrong",
    f"GET command=deployVirtualMachine&apiKey={CANARY}&signature={CANARY}&sessionkey={CANARY} 200",
    f"url?token%3D{CANARY}%26id%3D5",
    f"password -> {CANARY}",
    f"secret access key {CANARY}",
    f"sid={CANARY}",
    f"session_id: {CANARY}",
    f"password reset to {CANARY}",
    f"api key {CANARY}, secret key {CANARY}, session key: {CANARY}",
    f"private key {CANARY}",
    f"privatekey={CANARY}",
    f"<password>{CANARY}</password>",
    f"password({CANARY})",
    f"Authorization: Basic {CANARY}",
    f"authorization: Bearer {CANARY}",
    f"cookie: JSESSIONID={CANARY}; sessionkey={CANARY}",
    f"ticket={CANARY}",
    f"sid {CANARY} in url does not match stored sid {CANARY}",
    f"cannot mount cifs://admin:{CANARY}@192.0.2.1/share?user=a",
    f"-----BEGIN RSA PRIVATE KEY-----\\n{CANARY}\\n-----END RSA PRIVATE KEY----- {CANARY}",
    f"-----BEGIN PRIVATE KEY----- {CANARY}",
    f'[{{"com.cloud.agent.api.routing.SavePasswordCommand":{{"password":"{CANARY}","vmIpAddress":"10.1.1.5"}}}}]',
    f'[{{"com.cloud.agent.api.routing.SavePasswordCommand":{{"details":{{}},"password":"{CANARY}","wait":0}}}}]',
    f'{{"credentials":{{"password":"{CANARY}"}},"id":1}}',
    f'{{"credentials" : {{"user": "admin", "word" : "{CANARY} {CANARY}"}}}}',
    f'[{{"com.cloud.agent.api.GetVncTicketAnswer":{{"ticket":"{CANARY}","result":true}}}}]',
    f'SavePasswordCommand{{"password":"{CANARY}"}}',
    f'SavePasswordCommand {{"ip":"}}{{]","password":"{CANARY}"}}',
    f'SavePasswordCommand "ip":"10.1.1.5","password":"{CANARY}"',
    f'{{"passwords":["{CANARY}","{CANARY}", "{CANARY} {CANARY}"]}}',
    f"{{passwords=[{CANARY}, {CANARY}], user=[admin]}}",
    f'{{"passwordenabled":true,"password":"{CANARY} {CANARY}","id":"5"}}',
    f'{{\\"credentials\\":{{\\"a\\":[\\"}}\\",\\"{CANARY} {CANARY}\\"]}}}}',
    f'{{"ipsecPsk":"{CANARY}"}}',
    f"psk {CANARY}",
    f'{{"presharedKey":"{CANARY}"}}',
    f"pre-shared key: {CANARY}",
    f"sharedkey={CANARY}",
    f'{{"userData":"{CANARY}"}}',
    f"user_data={CANARY}",
    f"userdata: {CANARY}",
    f"executing: ipmitool -I lanplus -H 192.0.2.1 -p 623 -U ADMIN -P {CANARY} chassis power status",
    f"[/usr/bin/ipmitool, -U, ADMIN, -P, {CANARY}, chassis, power, status]",
    f"ipmitool -P '{CANARY} {CANARY}' -U ADMIN",
    f"mysql -ucloud -p{CANARY} cloud",
    f"/usr/bin/mysqldump -h 192.0.2.2 -p{CANARY}",
    f"sshpass -p {CANARY} ssh root@192.0.2.3",
    f"keytool -storepass {CANARY} -keypass '{CANARY} {CANARY}'",
    f"X-Auth-Key: {CANARY}",
    f"auth_key={CANARY}",
    f"authkey {CANARY}",
    f"iscsi chapInitiatorSecret {CANARY} chapTarget {CANARY}",
    f"chapTargetUsername={CANARY}, chap-initiator: {CANARY}",
    "x" * 2030 + f" password={CANARY}",
)
TOLD = (
    "tar -p kept the modes of systemvm.iso",
    "ipmitool -U ADMIN chassis power status: Host is on",
    "connection to jdbc:mysql://192.0.2.1:3306/cloud was lost",
    "authentication key exchange is over",
    "chapter two of the guide",
)
"""What looks like options with secrets, and is none."""
KEYS = (
    "password",
    "vmPasswords",
    "SavePasswordCommand",
    "apiKey",
    "presharedKey",
    "ipsec_psk",
    "userdata",
    "Credentials",
)
PLAIN = ("id", "name", "vmIpAddress", "NetworkElementCommand", "wait")
KEEP = r"""
BEGIN { quote = sprintf("%c", 39) }
{ kept = 0; keep($0); print message[1] }
"""
PIECES = st.text(st.sampled_from(NASTY), max_size=8)
PRINTED: tuple[Callable[[Any], str], ...] = (
    json.dumps,
    lambda told: json.dumps(told, separators=(",", ":"), ensure_ascii=False),
    lambda told: json.dumps(json.dumps(told)),
    lambda told: json.dumps({"wait": json.dumps(told, separators=(",", ":"))}, separators=(",", ":")),
)


@pytest.fixture(params=[("dash", "gawk"), ("dash", "mawk"), ("busybox", "busybox")], ids="-".join)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    """A log that is followed from its beginning."""
    made = Log(tmp_path, *request.param)
    made.write(*(talk(number) for number in range(5)))
    made.look()
    return made


def sent(log: Log, *lines: str) -> str:
    """Return all that the collector prints of these lines."""
    log.write(*lines, talk(1))
    code, output = log.ask()
    assert code == 0
    assert output.endswith("@whole\n")
    return output


def test_no_secret_leaves_the_server(log: Log) -> None:
    """Whatever way it is written, in a message and in the lines below it; its message arrives all the same."""
    lines = [HEADER.format(number, text) for number, text in enumerate(MESSAGES)]
    below = [f"{HEADER.format(100 + number, 'below')}{text}\n" for number, text in enumerate(MESSAGES)]
    output = sent(log, *lines, *below)
    assert CANARY not in output
    assert output.count("(logid:") == 2 * len(MESSAGES)
    assert output.count("***") >= 2 * len(MESSAGES) - 2  # the last one is cut


def test_a_key_of_several_lines_is_dropped(log: Log) -> None:
    """To its end, or to the next message when it has none; what stands below it is read."""
    key = "".join(f"{CANARY}{number}\n" for number in range(9))
    long = HEADER.format(3, "x" * 3000 + "-----BEGIN PRIVATE KEY-----")
    output = sent(
        log,
        HEADER.format(1, "failed")
        + f"key: -----BEGIN RSA PRIVATE KEY-----\n{key}-----END RSA PRIVATE KEY-----\nbehind\n",
        HEADER.format(2, "open -----BEGIN PRIVATE KEY-----") + key,
        long + key,
        HEADER.format(4, "the next"),
    )
    assert CANARY not in output
    assert [word in output for word in ("\nbehind\n", "(logid:2) open ***", "(logid:4) the next")] == [True] * 3


def test_a_secret_in_the_name_of_a_thread(log: Log) -> None:
    """Is replaced so that the line is still one."""
    output = sent(log, f"2025-10-27 15:50:13,678 WARN  [c.c.X] (token={CANARY}:[ctx-1]) (logid:1) went wrong\n")
    assert CANARY not in output
    [message] = messages(output.splitlines())
    assert (message.level, message.logid, message.text) == ("WARN", "1", "went wrong\n@end" + message.text[15:])


def test_passwords_of_any_characters(log: Log) -> None:
    """As JSON writes them, in one level and in two."""
    chance = random.Random(5)
    lines = []
    for number in range(200):
        password = f"{''.join(chance.choices(NASTY, k=6))}{CANARY}{''.join(chance.choices(NASTY, k=6))}"
        once = json.dumps({"password": password, "id": 5})
        lines += [HEADER.format(f"{number}{text}", told) for text, told in (("a", once), ("b", json.dumps(once)))]
    output = sent(log, *lines)
    assert CANARY not in output
    assert output.count("***") >= len(lines)


@st.composite
def trees(draw: st.DrawFn, depth: int = 4, *, secret: bool = False) -> Any:
    """Return what JSON may hold; each text below a key that announces a secret has the canary in it."""
    kind = draw(st.sampled_from(("text", "number") if depth == 0 else ("object", "object", "list", "text", "number")))
    if kind == "text":
        return f"{draw(PIECES)}{CANARY if secret else ''}{draw(PIECES)}"
    if kind == "number":
        return draw(st.integers() | st.booleans() | st.none())
    if kind == "list":
        return [draw(trees(depth - 1, secret=secret)) for _ in range(draw(st.integers(0, 3)))]
    keys = draw(st.lists(st.sampled_from((*PLAIN, *KEYS)), unique=True, max_size=4))
    return {key: draw(trees(depth - 1, secret=secret or key in KEYS)) for key in keys}


def redacted(awk: str, lines: list[str]) -> str:
    """Return what the collector's functions keep of these lines."""
    require(AWKS[awk][0])
    text = REDACTION.replace("@LONGEST@", str(LONGEST_LINE)) + KEEP
    given_lines = "\n".join(lines).encode()
    told = subprocess.run(
        [*AWKS[awk], text],
        input=given_lines,
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C"},
    )
    return told.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("awk", AWKS)
@settings(max_examples=40)
@given(st.lists(st.tuples(trees(), st.sampled_from(PRINTED)), min_size=3, max_size=10))
def test_no_secret_of_nested_objects_leaves(awk: str, told: list[tuple[Any, Callable[[Any], str]]]) -> None:
    """However deep it stands below a key that announces it, and whatever stands around it."""
    output = redacted(awk, [f"Sending {printed(tree)} to r-4-VM" for tree, printed in told])
    assert CANARY not in output
    assert output.count("Sending ") == len(told)


def test_every_signature_fits_what_is_left(log: Log) -> None:
    """Of each sample, alone and with secrets before and behind it: what is counted is what would have been."""
    around = ("{}", f'password={CANARY} {{}} {{{{"token":"{CANARY}"}}}}', f"{{}}\nCaused by: secret: {CANARY}")
    lines = [
        in_era("4", level, form.format(text)).replace("logid:dd9e64e8", f"logid:{number}{place}") + "\n"
        for place, form in enumerate(around)
        for number, (_, _, level, text) in enumerate(ROWS)
    ]
    plain = LogCounts()
    plain.take(messages("".join(lines).splitlines()))
    told = LogCounts()
    output = sent(log, *lines)
    told.take(messages(output.splitlines()[1:]))
    assert CANARY not in output
    assert told.by_signature == plain.by_signature
    assert set(told.by_signature) == {row[0] for row in ROWS}
    assert told.unknown == plain.unknown == {}


def test_the_samples_are_told_as_they_are_where_they_hold_no_secret(log: Log) -> None:
    """Ordinary words behind those of secrets stay; only what could be one goes."""
    texts = [*TOLD, *(text for _, _, _, text in ROWS if "sid " not in text)]
    output = sent(log, *(ERAS["4"].format(text) + "\n" for text in texts))
    assert [text for text in texts if f") {text}\n" not in output] == []
    assert "***" not in output
