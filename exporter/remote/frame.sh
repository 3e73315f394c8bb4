# The part that is the same on a host and inside a system VM: words are checked, questions are asked.
# Of the environment only what stands here counts.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/xensource/bin
ROOT=
VERSION=@VERSION@
LC_ALL=C
export PATH ROOT LC_ALL text
unset LANGUAGE SSH_AUTH_SOCK
umask 077
set -f

# Descriptors: 3 what the client reads, 5 what the client sends. It sends nothing and keeps 5 open while it
# listens, so that its end means: stop, nobody is listening.

# One line of ours; the nonce, new on every visit, tells it from whatever a question prints.
say() {
    printf '\n@@ %s %s\n' "$nonce" "$*" || exit 1
}

refuse() {
    say "refused $*"
    exit 2
}

is_number() {
    case $1 in '' | *[!0-9]*) return 1 ;; esac
    [ ${#1} -le 10 ]
}

is_name() {
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.-]*) return 1 ;; esac
    [ ${#1} -le 63 ]
}

# A machine elsewhere: its address, or its full name in DNS.
is_host() {
    case $1 in
        '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.-]*) return 1 ;;
        *[!0-9.]*) [ ${#1} -le 253 ] ;;
        *) is_address "$1" ;;
    esac
}

is_port() {
    is_number "$1" && [ ${#1} -le 5 ] && [ "$1" -ge 1 ] && [ "$1" -le 65535 ]
}

is_address() {
    case $1 in
        *[!0-9.]* | *.*.*.*.*) return 1 ;;
        *.*.*.*) rest=$1. ;;
        *) return 1 ;;
    esac
    while [ -n "$rest" ]; do
        part=${rest%%.*}
        rest=${rest#*.}
        case $part in '' | 0?* | ????*) return 1 ;; esac
        [ "$part" -le 255 ] || return 1
    done
}

is_parameter() {
    case $1 in
        *@*) is_host "${1%%@*}" && is_port "${1#*@}" ;;
        *[!0-9.]*) is_name "$1" ;;
        *.*) is_address "$1" ;;
        *) is_number "$1" ;;
    esac
}

# The words that begin every call: version, nonce.
check_call() {
    nonce=-
    case ${2:-} in
        *[!0-9a-f]*) ;;
        ????????????????) nonce=$2 ;;
    esac
    for word in "$@"; do
        case $word in '' | *[!A-Za-z0-9_.,:@-]*) refuse 'a word with other characters' ;; esac
    done
    [ "${1:-}" = "$VERSION" ] || { say "version $VERSION"; exit 3; }
    [ "$nonce" != - ] || refuse 'a nonce that is none'
}

# The words of the questions, <name>[:<parameter>,...]; $1 is the function that knows the names.
check_questions() {
    knows=$1
    shift
    for word in "$@"; do
        "$knows" "${word%%:*}" || refuse 'a question that is not known'
        case $word in *:*) rest=${word#*:}, ;; *) rest= ;; esac
        check_parameters "$rest"
    done
}

check_parameters() {
    words=$1
    while [ -n "$words" ]; do
        is_parameter "${words%%,*}" || refuse 'a parameter of no known type'
        words=${words#*,}
    done
}

# Ends what was started last, with its process group. It leads that group before it starts anything, so after its
# own end nothing is added to the group: in this order none gets away.
end_last() {
    [ -z "$!" ] || kill -KILL "$!" "-$!"
}

# Wakes the shell that asks: after three seconds, then every second (ALRM), and when the client has gone (USR1; HUP
# may be ignored). A visit that is done sooner costs no process for its clock. Of busybox, timeout(1) gives the code
# of what it has ended.
watch() {
    pause=3
    trap 'end_last; exit' TERM
    while timeout "$pause" head -c 1 <&5 & do
        wait "$!"
        case $? in 124 | 143) kill -ALRM $$ || exit ;; *) break ;; esac
        pause=1
    done
    kill -USR1 $$
}

end_question() {
    [ -z "$running" ] || end_last
}

# Sets now: hundredths of a second since the machine was started.
look_at_clock() {
    read -r now rest </proc/uptime
    now=${now%.*}${now#*.}
}

# What each wake-up does: a question whose time is over is ended. Where the kernel does not let it be killed, it is
# given up after some more of them.
lose_patience() {
    woken=yes
    look_at_clock
    [ "$now" -lt "$until" ] || { late=$((late + 1)); end_question; }
}

# Asks every question, one after the other, as long as the client is there.
ask_all() {
    [ $# -gt 0 ] || return 0
    running= watcher= until=0
    look_at_clock
    end=$((now + 100 * left))
    trap lose_patience ALRM
    watch >/dev/null 3>&- &
    watcher=$!
    trap 'end_question; kill "$watcher"; exit 1' USR1 HUP TERM # later: a shell that has just forked loses what it traps
    for word in "$@"; do
        ask "$word"
    done
    kill "$watcher"
}

# Asks one question. That takes one process: a shell that setsid(1) gives a process group of its own, and that becomes
# the tool that its text ends with (exec). The text travels in the environment, so that no process list shows words of
# ours that a question (or CloudStack itself) may be looking for. Its time is taken from what the visit has left, so
# that the last question has a second even if all others hang; the half second is because the clock ticks once a
# second. 142 is the code of a wait that ALRM has ended. What a question has left behind ends with it.
ask() {
    name=${1%%:*}
    question "$name"
    case $1 in
        *:*) IFS=,; set -- ${1#*:}; unset IFS ;;
        *) set -- ;;
    esac
    say "begin $name"
    look_at_clock
    [ $((100 * seconds)) -le $((end - now)) ] || seconds=$(((end - now) / 100))
    [ "$seconds" -ge 1 ] || seconds=1
    until=$((now + 100 * seconds - 50)) late=0 running=yes
    setsid sh -c 'eval "$text"' "$name" "$@" </dev/null >&3 2>&3 3>&- 5<&- &
    while woken=; wait "$!"; code=$?; [ "$code$woken" = 142yes ] && [ "$late" -le 3 ]; do :; done
    kill -KILL "-$!"
    running=
    [ "$late" = 0 ] || code=124
    say "end $name $code"
}
