"""What is new in management-server.log: a follower that keeps its place through renames, compression and truncation.

One call reads one piece of one file, in order, and says where the next one begins. A file is known again by its first
bytes, whatever its name, inode and date have become. Lines are chosen there (warnings and worse, their first lines
below, and the few others that the table of signatures names), so that a log of a megabyte a second costs neither side
more than its limits. What stands in them after the words of secrets is replaced there, before they are sent.
"""

from __future__ import annotations

from typing import Any

from exporter.model import Question, Via
from exporter.questions.management.log_lines import LINES_BELOW, LONGEST_LINE
from exporter.questions.management.log_piece import read_piece
from exporter.questions.management.log_redaction import REDACTION

READ_LIMIT = 32 * 1024 * 1024
"""Bytes of the log looked at in one call; what is more waits for the next."""
BEHIND_LIMIT = 512 * 1024 * 1024
"""Bytes that are caught up; what is further behind is given up and said to be lost, else counters tell of hours ago."""
PACKED_LIMIT = 2 * 1024 * 1024 * 1024
"""Place in a compressed log up to which reading goes on: all before it has to be unpacked again."""
SIZE = 512 * 1024
"""Bytes of chosen lines that one call may bring; counting them takes well below a tenth of a second."""


CHOICE = r"""
function flush(    n) {
    for (n = 1; n <= kept; n++) { print message[n]; sent += length(message[n]) + 1 }
    kept = 0
}
@REDACTION@
function weigh(text,    begin, words) {
    begin = substr(text, 1, 60)
    if (begin ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9][,.][0-9]+ +[A-Z]+ +\[/) {
        flush()
        done = at
        if (sent > @SENT@) { full = 1; exit }
        split(begin, words, / +/)
        last = substr(begin, 1, 19)
        below = pem = 0
        if (words[3] ~ /^(INFO|DEBUG|TRACE)$/) talk++
        if (mode != "start" && (words[3] ~ /^(WARN|ERROR|FATAL)$/ || text ~ /@WORDS@/)) below = @BELOW@
    }
    at += length(text) + 1
    if (below > 0 && text !~ /^[ \t]+at /) keep(text)
    if (!kept) done = at
}
BEGIN { quote = sprintf("%c", 39); at = done = talk = 0; last = "-" }
NR > 1 { weigh(previous) }
{ previous = $0 }
END {
    got = at + (full ? 0 : length(previous) - 1)
    ends = final && got == left
    if (!full && (ends || done == 0 && got >= @LIMIT@)) {
        if (length(previous) > 1) weigh(substr(previous, 1, length(previous) - 1))
        flush()
        done = got
    } else if (!full && begun + got == seen) {
        flush()
        done = at
    }
    print "@end " done " " got " " talk " " last
}
"""
"""Chooses lines. The last record is what has no newline yet, and a sign after it that is not of the log. A message is
held back until another one follows or nothing came since the last look, because what is printed below it may still be
written."""

WORDS = "just switch from|corrupted|Failed to reset password"
"""Of the few signatures that count below a warning."""

FIND = r"""
set -f
directory=$ROOT/var/log/cloudstack/management old=$ROOT/var/log/cloud/management
[ -e "$directory/management-server.log" ] || [ ! -e "$old/management-server.log" ] || directory=$old
log=$directory/management-server.log
offset=${1#o} seen=${2#s} size=${3#k} sum=${4#c} mode=$5 kind=found limit=@LIMIT@ names= more=0
facts=$(stat -L -c '%s %Y' "$log" 2>&1) || {
    printf '%s\n' "$facts"
    case $facts in *'No such file'*) exit 127 ;; esac
    exit 1
}
[ -f "$log" ] && [ -r "$log" ] || { printf '%s: Permission denied, or no file\n' "$log"; exit 1; }
set -- $facts
current=$1 changed=$2 now=$(date +%s)
exec 2>/dev/null # files that are moved while we look are found out in the end

# Sets tool to what unpacks a file, empty when it is plain.
packed_by() {
    case $1 in
        *.gz | *.zip) tool=gzip ;;
        *.xz) tool=xz ;;
        *.zst) tool=zstd ;;
        *.bz2) tool=bzip2 ;;
        *) tool= ;;
    esac
}

# Unpacks at the end of everybody else's queue, in a process of its own; with nothing where that tool is missing.
unpack() {
    packed_by "$1"
    command -v nice >/dev/null && exec nice "$tool" -cd "$1"
    exec "$tool" -cd "$1"
}

# Prints checksum and number of the first $2 bytes of a file.
mark() {
    packed_by "$1"
    if [ -n "$tool" ]; then unpack "$1" | head -c "$2" | cksum; else head -c "$2" "$1" | cksum; fi
}

# Sets total to the length of a file: of one packed by gzip to what its last four bytes tell, of others to what comes of
# it, and one more when that is not all.
measure() {
    file=$1
    packed_by "$1"
    case $1,$tool in
        *.gz,*)
            set -- $(tail -c 4 "$1" | od -An -tu1)
            total=$((${1:-0} + 256 * ${2:-0} + 65536 * ${3:-0} + 16777216 * ${4:-0}))
            ;;
        *,) total=$(stat -L -c %s "$1") ;;
        *) total=$(($({ (unpack "$1") || echo; } | head -c $((@PACKED@ + @BEHIND@ + 1)) | wc -c))) ;;
    esac
}

# Prints numbers and names of the newest older files, as each name may be given on to another one.
older() {
    ls -1ti "$directory" | grep '^ *[0-9]* management-server[.]log[.-]' | head -n 8
}

# Sets file to the older one that is known, and after to the next newer one. What is being compressed is there twice,
# and the compressed one is neither whole nor as new as its date.
seek() {
    found= after= newer= length= names=$(older).
    for name in ${names%.}; do
        case $name in management-server.log[.-]*) name=$directory/$name ;; *) continue ;; esac
        packed_by "$name"
        [ -z "$tool" ] || [ ! -e "${name%.*}" ] || continue
        if [ "$(mark "$name" "$size")" != "$sum $size" ]; then
            newer=$name
            continue
        fi
        measure "$name"
        [ -n "$found" ] || found=$name after=$newer length=$total
        [ "$total" -lt "$offset" ] || { found=$name after=$newer length=$total; break; }
    done
    file=$found total=$length
    [ -n "$file" ]
}

# From the end of an older file to the next one; an empty log is not begun, because it is not known by anything.
go_on() {
    if [ -n "$after" ]; then
        offset=0 seen=-1
        measure "$after"
    elif [ "$current" -gt 0 ]; then
        file=$log total=$current offset=0 seen=-1
    else
        kind=waits total=$offset
    fi
}

if [ "$mode" = start ]; then
    kind=start file=$log total=$current offset=$((current > 65536 ? current - 65536 : 0))
elif [ "$(mark "$log" "$size")" = "$sum $size" ]; then
    file=$log total=$current
    [ "$offset" -le "$total" ] || kind=lost offset=$total
elif seek; then
    if [ "$mode" = past ] || [ "$offset" -ge "$total" ]; then go_on; fi
    packed_by "$file"
    [ -z "$tool" ] || { [ "$offset" -le @PACKED@ ] && [ $((total - offset)) -le @BEHIND@ ]; } || { kind=lost; go_on; }
else
    kind=lost file=$log total=$current offset=0
fi
[ "$file" = "$log" ] || more=$current
[ $((total - offset + more)) -le @BEHIND@ ] || kind=lost file=$log total=$current offset=$current more=0
known="$sum $size"
[ "$kind$file$size$names" = "found${log}256" ] || known=$(mark "$file" 256)
left=$((${total:=0} - offset)) final= packed=plain
[ "$left" -ge 0 ] || left=0
[ "$left" -ge "$limit" ] || limit=$left
[ "$file" = "$log" ] || final=1
packed_by "$file"
[ -z "$tool" ] || packed=packed limit=@LIMIT@
[ "$kind" != waits ] || limit=0
printf '@piece %s %s %s %s %s %s %s %s\n' "$kind" "$packed" "$offset" "$total" "$more" "$now" "$changed" "$known"
{
    if [ -n "$tool" ]; then unpack "$file" | tail -c +$((offset + 1)); else tail -c +$((offset + 1)) "$file"; fi |
        head -c "$limit" | tr '\000' ' '
    printf '$'
} | awk -v mode="$mode" -v begun="$offset" -v seen="$seen" -v left="$left" -v final="$final" \
    '@CHOICE@' || [ $? -ne 127 ] || exit 127
[ "$(mark "$file" "${known#* }")" = "$known" ] || file=
[ -z "$names" ] || [ "$(older)." = "$names" ] || file=
[ "$kind$names$size" = found256 ] || [ "$kind$names" != found ] || [ "$(mark "$log" "$size")" = "$sum $size" ] || file=
[ -n "$file" ] && echo @whole || echo @torn
"""
TEXT = (
    FIND.replace(
        "@CHOICE@",
        CHOICE.replace("@REDACTION@", REDACTION)
        .replace("@BELOW@", str(LINES_BELOW + 1))
        .replace("@WORDS@", WORDS)
        .replace("@LONGEST@", str(LONGEST_LINE))
        .replace("@SENT@", str(SIZE - 65_536)),
    )
    .replace("@LIMIT@", str(READ_LIMIT))
    .replace("@BEHIND@", str(BEHIND_LIMIT))
    .replace("@PACKED@", str(PACKED_LIMIT))
    .strip()
)

MANAGEMENT_LOG: Question[Any] = Question(
    "management_log",
    Via.MANAGEMENT_SERVER,
    TEXT,
    read_piece,
    privilege="reads /var/log/cloudstack/management (owner cloud, group cloud)",
    why="What the management server complains of, counted by what it means.",
    seconds=10.0,
    size=SIZE,
)
"""Brings a Piece; visits make of it what the log has told since it is followed, a LogTold."""
