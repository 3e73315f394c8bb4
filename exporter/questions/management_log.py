"""What is new in management-server.log: a follower that keeps its place through renames, compression and truncation.

One call reads one piece of one file, in order, and says where the next one begins. Lines are chosen there (warnings
and worse, their first lines below, and the few others that the table of signatures names), so that a log of a
megabyte a second costs neither side more than its limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.log_lines import LINES_BELOW

READ_LIMIT = 32 * 1024 * 1024
"""Bytes of the log looked at in one visit; what is more waits for the next."""
SIZE = 524_288


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading goes on: a file by its inode, and the offset in it. Inode 0: nothing was read yet."""

    inode: int = 0
    offset: int = 0

    def words(self, *, is_settled: bool) -> tuple[str, ...]:
        """Return it as parameters; ``is_settled``: the last message is whole, nothing came after it for a visit."""
        return (f"i{self.inode}", f"o{self.offset}", "whole" if is_settled else "open")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the log.

    Attributes:
        next: where the next piece begins.
        read: bytes that were looked at.
        behind: bytes of the current file that are still to be read.
        is_lost: something between the former position and this piece could not be found any more.
        now: unix time by the management server's own clock.
        changed: unix time of the last write to the current file.
        lines: the chosen lines, whole.
    """

    next: Position
    read: int
    behind: int
    is_lost: bool
    now: int
    changed: int
    lines: tuple[str, ...] = ()


HEAD = re.compile(r"@piece i(\d{1,20}) o(\d{1,18}) (\d{1,18}) (\d{1,18}) (found|lost) (\d{1,12}) (\d{1,12})")
TAIL = re.compile(r"@rest (\d{1,18})")


def read_piece(text: str) -> Piece:
    """Return the piece; raises UnreadableError when it is none."""
    lines = text.rstrip("\n").split("\n")
    head, tail = HEAD.fullmatch(lines[0]), TAIL.fullmatch(lines[-1])
    if head is None or tail is None:
        message = "no piece of management-server.log"
        raise UnreadableError(message)
    offset, read, behind, rest = (int(number) for number in (head[2], head[3], head[4], tail[1]))
    if rest > read:
        message = "a piece of management-server.log that is smaller than its end"
        raise UnreadableError(message)
    if rest == read >= READ_LIMIT:
        rest = 0  # one message larger than a visit may read is passed over, or reading would stand still
    return Piece(
        next=Position(int(head[1]), max(offset - rest, 0)),
        read=read,
        behind=behind,
        is_lost=head[5] == "lost",
        now=int(head[6]),
        changed=int(head[7]),
        lines=tuple(lines[1:-1]),
    )


CHOICE = r"""
function flush(    n) { for (n = 1; n <= kept; n++) print message[n]; kept = 0 }
function weigh(text,    words) {
    if (text ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:]+[,.][0-9]+ +[A-Z]+ +\[/) {
        flush()
        held = below = 0
        split(text, words, / +/)
        if (words[3] ~ /^(WARN|ERROR|FATAL)$/ || text ~ /just switch from|corrupted|Failed to reset password/)
            below = @BELOW@
    }
    held += length(text) + 1
    if (below > 0 && text !~ /^[ \t]+at /) { below--; message[++kept] = substr(text, 1, 4096) }
}
NR > 1 { weigh(previous) }
{ previous = $0 }
END {
    rest = length(previous) - 1
    if (mode == "whole") flush()
    else if (kept) rest += held
    print "@rest " rest
}
"""
"""Chooses lines. The last record is what has no newline yet, and a sign after it that is not of the log. A message is
held back until another one follows, because what is printed below it may still be written."""

FIND = r"""
set +f
directory=$ROOT/var/log/cloudstack/management
[ -e "$directory/management-server.log" ] || directory=$ROOT/var/log/cloud/management
log=$directory/management-server.log
known=${1#i} offset=${2#o} mode=$3 limit=@LIMIT@
told=$(stat -c '%i %s %Y' "$log") || { printf '%s
' "$told"; exit 1; }
set -- $told
inode=$1 size=$2 changed=$3 now=$(date +%s) found=found

# Sets file, total and number to what holds the rest of what was read before.
seek() {
    file= packed=
    for entry in $(stat -c '%Y,%i,%s,%n' "$directory"/management-server.log?* 2>/dev/null | sort -rn | head -n 60); do
        entry=${entry#*,} number=${entry%%,*} entry=${entry#*,} total=${entry%%,*} file=${entry#*,}
        case $file in
            *.gz) packed=${packed:-$file} ;;
            *)
                [ "$number" != "$known" ] || return 0
                [ "$known" != "$inode" ] || [ "$total" -lt "$offset" ] || return 0
                ;;
        esac
    done
    file=$packed number=$known
    [ -n "$file" ] || return 1
    total=$(gzip -l "$file" | { read -r words; read -r small large words; printf '%s' "$large"; })
    [ "${total:-0}" -ge "$offset" ]
}

if [ "$known" = 0 ]; then
    file=$log number=$inode total=$size offset=$size
elif [ "$known" = "$inode" ] && [ "$offset" -le "$size" ]; then
    file=$log number=$inode total=$size
elif seek; then
    case $known,$file in "$inode",*.gz) limit=$total ;; esac
else
    found=lost file=$log number=$inode total=$size offset=0
fi
length=$((total - offset)) behind=0
[ "$length" -le "$limit" ] || length=$limit
next=$number end=$((offset + length))
if [ "$file" != "$log" ]; then
    behind=$((total - end + size))
    [ "$end" -lt "$total" ] || { next=$inode end=0 mode=whole; }
else
    behind=$((total - end))
fi
printf '@piece i%s o%s %s %s %s %s %s
' "$next" "$end" "$length" "$behind" "$found" "$now" "$changed"
{
    case $file in
        *.gz) gzip -cd "$file" | tail -c +$((offset + 1)) ;;
        *) tail -c +$((offset + 1)) "$file" ;;
    esac | head -c "$length"
    printf '$'
} | awk -v mode="$mode" '@CHOICE@'
"""
TEXT = (
    FIND.replace("@CHOICE@", CHOICE.replace("@BELOW@", str(LINES_BELOW + 1)))
    .replace("@LIMIT@", str(READ_LIMIT))
    .strip()
)

MANAGEMENT_LOG = Question(
    "management_log",
    Via.MANAGEMENT_SERVER,
    TEXT,
    read_piece,
    privilege="reads /var/log/cloudstack/management (owner cloud, group cloud)",
    why="What the management server complains of, counted by what it means.",
    seconds=10.0,
    size=SIZE,
)
