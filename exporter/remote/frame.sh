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

# Descriptors: 3 what the client reads, 4 where an exit code goes, 5 what the client sends. It sends
# nothing and keeps 5 open while it listens, so that its end means: stop, nobody is listening.
# 6 and 7 are the standard input and the standard error of a bounded command.

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
        *@*) is_address "${1%%@*}" && is_port "${1#*@}" ;;
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

# Runs a command under a time limit in seconds, ends it when the client has gone, and writes its exit
# code to 4. The outer limit ends the inner one where the kernel does not let the command be killed.
# A timeout(1) that has just forked would die of a signal and leave its command behind: hence the pause.
bounded() {
    limit=$1
    shift
    timeout -k 1 $((limit + 2)) timeout -k 1 "$limit" "$@" <&6 2>&7 3>&- 4>&- 5<&- 6<&- 7>&- &
    command=$!
    { read -r nothing <&5; sleep 1; kill -HUP "$command"; } >/dev/null 2>&1 3>&- 4>&- 6<&- 7>&- &
    watcher=$!
    wait "$command"
    printf '%s ' "$?" >&4
    kill "$watcher"
}

# Asks one question. Its text travels in the environment, so that no process list shows words of ours
# that a question (or CloudStack itself) may be looking for. One byte more than allowed shows a cut.
# Each timeout is taken from $left, so that the last question has a second even if all others hang.
# The reader has a limit too: something that got away may keep the pipe open. Its code counts then.
ask() {
    name=${1%%:*}
    question "$name"
    [ "$seconds" -le "$left" ] || seconds=$left
    say "begin $name"
    code=$(
        exec 4>&1
        case $1 in
            *:*) IFS=,; set -- ${1#*:} ;;
            *) set -- ;;
        esac
        bounded "$seconds" sh -c 'eval "$text"' "$name" "$@" 6</dev/null 7>&1 |
            timeout $((seconds + 4)) head -c $((size + 1)) >&3 || printf '%s ' "$?" >&4
    )
    code=${code% }
    [ "$code" != 129 ] || exit 1
    code=${code##* }
    say "end $name $code"
    case $code in 124 | 137) left=$((left - seconds)) ;; esac
    [ "$left" -ge 1 ] || left=1
}
