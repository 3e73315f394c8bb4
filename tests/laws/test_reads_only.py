"""Law 4, read in the texts themselves: only reviewed commands that read, no file written, no lock taken."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from exporter.model import Question, Via
from exporter.questions import catalogue
from tests.shell_words import Script, taken_apart

ANY = r".*"
BUILTINS = {":", "[", "break", "cd", "continue", "echo", "exit", "export", "printf", "read", "return"}
BUILTINS |= {"declare", "set", "shift", "unset", "wait"}
"""Of the shell itself; what they could write is among the redirections."""

TOOLS = {
    "awk": ANY,  # its programs are looked at below
    "bash": r"-c .*|\"\$script\"",  # what is given to -c is taken apart; the script is CloudStack's own checkrouter.sh
    "bridge": r"(-\S+ )*(link|fdb|vlan|mdb)( show.*)?",
    "brctl": r"(show|showstp|showmacs)\b.*",
    "cat": ANY,
    "cksum": r"",  # of what comes to it
    "command": r"-v \S+",
    "cut": ANY,
    "date": r"'\+[^']+'|'?\+\S+",
    "dd": r"bs=512 count=1",  # from a socket to a pipe
    "ebtables": r"-t (nat|filter) -L( --Lx| --Lmac2| --Lc| --Ln)*",  # takes its lock only with --concurrent
    "ebtables-save": ANY,
    "ethtool": r"(-[ikSPmagc] |--show-\S+ |\"\$1\" )?\"?\$?\w+\"?",
    "getent": r"(ahostsv4|hosts) \S+",
    "find": r"(?!.*-(delete|ok|fprint|fls|exec (?!grep)))(?!.*-execdir).*",
    "grep": ANY,
    "gzip": r"-(l|cd|dc) \S+",
    "head": ANY,
    "ip": r"(-\S+ )*(addr|link|neigh|route|rule|netconf|maddr) show( .*)?|-o link|-o route get \S+",
    "ip6tables-save": ANY,
    "ipset": r"(save|list)( .*)?",
    "iptables": r"-V|--version",  # with anything else it takes the lock of all others
    "iptables-save": ANY,
    "lldpcli": r"(-\S+ (json0?|keyvalue|xml|plain) )?show \S+( \S+)*",
    "lldpctl": r"-f \S+( .*)?",
    "ls": ANY,
    "netstat": r"-\w+",
    "nice": r"(gzip|\"\$tool\") -cd \S+",
    "nft": r"(-\S+ )*list .*",
    "od": ANY,
    "ovs-appctl": r"(--timeout=\d+ )?-t \S+ (\"\$@\"|[a-z]+/(show|stats-show|list).*|version)",
    "ovs-ofctl": r"(-\S+ \S+ )*(show|dump-ports|dump-aggregate) .*",
    "ovs-vsctl": r"--timeout=\d+ --format=json( -- (--columns=\S+ )?(list|get|find) [^-]\S*( [^-]\S*)*)+",
    "ps": r"-eL?o \S+",
    "python3": r"-EsSB -c '[^']*' \"\$@\"",  # its programs are taken apart by test_python_reads_only.py
    "sed": r"(?!.*(^| )-\w*i).*",  # its programs are looked at below
    "sleep": r"\d+",
    "sort": r"(-[unrkt0-9,]+ ?)*",
    "ss": r"(?!.*-\w*K).*",
    "stat": r"(-[Lf] )?-c ('[^']*'|\S+) .+",
    "sysctl": r"-[nae]+ [^=]*",
    "systemctl": r"(is-active|is-enabled|show|list-units)( .*)?",
    "tail": r"(?!.* -\w*[fF])-[cn] (\d+|\+\S+)( .*)?",
    "tr": ANY,
    "uname": ANY,
    "virsh": r"-r .*",  # libvirt refuses everything else on this connection
    "wc": ANY,
}
"""Every command that may be run elsewhere, reviewed -> what may follow it: what it does then is only to read."""

VARIABLE = {'"$2tables-save"': "iptables-save", '"$2tables-legacy-save"': "iptables-save"}
VARIABLE['"$2tables-nft-save"'] = "iptables-save"
VARIABLE |= {'"$python"': "python3", '"$tool"': "gzip"}  # or xz, zstd, bzip2, which take the same words
"""Commands whose names are put together, or of which one of several is there."""

PASSED_ON = re.compile(r"\b[a-z-]+/[a-z-]+\b")
APPCTL = {"upcall/show", "dpctl/show", "bond/show", "lacp/show", "fdb/stats-show", "fdb/show", "dpif/show"}
APPCTL |= {"coverage/show", "memory/show", "bond/list", "dpctl/dump-dps", "stp/show", "rstp/show"}
"""What Open vSwitch's daemons are asked: none of it changes anything."""

LOCKS = re.compile(r"security_group|flock|lockfile|\block\b|xtables\.lock|--wait|--concurrent|tables\S* (\S+ )*-\w*w")
READ = re.compile(r"getline line < ENVIRON\[")
"""awk reads a file so; what getline can run stands before it, behind a pipe."""
WRITTEN = re.compile(r"/dev/null|\d|-|\"/dev/(tcp|udp)/[^\"]*\"")
PARTS = ("frame.sh", "host.sh", "inside.sh")
SENT = [question for question in catalogue() if question.via in {Via.HOST, Via.SYSTEM_VM, Via.MANAGEMENT_SERVER}]


def unreviewed(script: Script) -> list[str]:
    """Return the commands and redirections of a text that are none of the reviewed ones."""
    found = [" ".join(words) for words in script.commands if not _is_reviewed(words, script.functions)]
    for operator, target in script.redirections:
        if operator != "<" and not WRITTEN.fullmatch(target):
            found.append(f"{operator} {target}")
    return found


def _is_reviewed(words: list[str], functions: set[str]) -> bool:
    """Return whether a command is reviewed; exec and timeout are what they run."""
    while words and words[0] in {"exec", "timeout"}:
        words = words[1:] if words[0] == "exec" else words[4 if words[1:2] == ["-s"] else 2 :]
    if not words or words[0] in functions or words[0] in BUILTINS:
        return True
    name, rest = VARIABLE.get(words[0], words[0]), " ".join(words[1:])
    return name in TOOLS and bool(re.fullmatch(TOOLS[name], rest, re.DOTALL))


@pytest.mark.parametrize("question", SENT, ids=lambda question: question.name)
def test_every_command_is_a_reviewed_one_that_only_reads(question: Question[object]) -> None:
    """A new command is added to the list above by someone who has read its manual."""
    assert unreviewed(taken_apart(question.text)) == []


@pytest.mark.parametrize("question", SENT, ids=lambda question: question.name)
def test_no_lock_is_taken_that_cloudstack_waits_for(question: Question[object]) -> None:
    """Neither CloudStack's own nor that of iptables: a visit never delays the start of a VM."""
    assert not LOCKS.search(question.text)


@pytest.mark.parametrize("question", SENT, ids=lambda question: question.name)
def test_programs_of_awk_and_sed_write_nothing_and_run_nothing(question: Question[object]) -> None:
    """awk has system(), pipes and files; sed has w and e."""
    for words in taken_apart(question.text).commands:
        program = " ".join(words)
        if "awk" in words:
            program = READ.sub("", program)
            assert not re.search(r"\bsystem *\(|\bgetline\b|\|\s*\"|>>?\s*[\"/]|\|&", program)
        if "sed" in words:
            assert not re.search(r"(^|[;{}'/\d])\s*[we]( |$|')|/[gpIi\d]*[we][gpIi\d]*( |'|;)", program)


@pytest.mark.parametrize("question", [one for one in SENT if "ovs-appctl" in one.text], ids=lambda one: one.name)
def test_what_is_passed_on_to_open_vswitch_is_reviewed_too(question: Question[object]) -> None:
    """Its commands are words with a slash; those that change something are in no text."""
    calls = [words for words in taken_apart(question.text).commands if "ovs-vswitchd" in words]
    assert calls
    assert {found for words in calls for found in PASSED_ON.findall(" ".join(words))} <= APPCTL


FRAME = {"sh", "eval", "setsid", "timeout", "head", "kill", "trap", "ssh", "sleep", "tail", "tr", "umask", "unset"}
"""What runs and ends the questions: limits, the watch over the client, the hop, and what ssh said."""

DEFINED = {"question", "question_inside", '"$knows"'}
"""Functions that are put in with the catalogue, and the parameter that names one."""


@pytest.mark.parametrize("name", PARTS)
def test_the_frame_runs_nothing_else(name: str) -> None:
    """And redirects nothing to a file."""
    scripts = {part: taken_apart((files("exporter.remote") / part).read_text()) for part in PARTS}
    functions = set().union(*(script.functions for script in scripts.values()))
    frame = scripts[name]
    known = functions | FRAME | DEFINED | BUILTINS | {"exec"}
    assert {words[0] for words in frame.commands} <= known
    targets = {target for operator, target in frame.redirections if operator not in {"<", "<&"}}
    assert targets <= {"/dev/null", "-", "&-", *"01234567"}


@pytest.mark.parametrize(
    "text",
    [
        "ip link set eth0 up",
        "exec iptables -F",
        "iptables -L -n",
        "timeout 3 ipset destroy",
        "x=$(ovs-vsctl --timeout=3 --format=json -- del-br cloudbr0)",
        "if true; then rm -f /tmp/x; fi",
        "for a in b; do virsh list; done",
        'case $x in a | b) echo "$(service x restart)" ;; esac',
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
        "cat a | tee b",
        "bash -c 'echo a; reboot'",
        "program='reboot'\nbash -c \"$program\"",
        'eval "$x"',
        ". /etc/default/agent",
        "find / -name x -delete",
        "find / -exec rm {} +",
        "sed -i s/a/b/ file",
        "ethtool -K eth0 gro off",
        "ethtool -p eth0",
        "sysctl -w a=b",
        "systemctl restart x",
        "f() { mount; }; f",
        '"$tool" x',
        "ss -K dst 1.2.3.4",
        "ebtables --concurrent -L",
        "date -s tomorrow",
        "while read -r x; do echo; done < <(reboot)",
        "exec {pipe}< <(exec 2>&1; poweroff)",
        'a=(1 "$(reboot)") b=2',
        "a+=(x) halt",
        "a[$x]=1 halt",
    ],
)
def test_what_changes_anything_is_found_wherever_it_stands(text: str) -> None:
    """So that the list above means something."""
    assert unreviewed(taken_apart(text))


@pytest.mark.parametrize("text", ["`id`", 'bash -c "$unknown"', 'sh -c "echo $1"', "echo 'open"])
def test_what_cannot_be_taken_apart_is_refused(text: str) -> None:
    """Rather than passed over."""
    with pytest.raises(ValueError, match=r"."):
        taken_apart(text)
