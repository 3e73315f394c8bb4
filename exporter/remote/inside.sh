# Inside a system VM: <version> <nonce> <machine> <seconds> <question>[:<parameter>,...]...
inside() {
    exec 3>&1 5<&0 </dev/null 2>/dev/null
    check_call "$@"
    machine=$3
    is_number "${4:-}" || refuse 'a time limit that is none'
    left=$4
    shift 4
    check_questions question "$@"
    left=$((left - 8 - $#)) # getting here has taken some
    [ "$left" -ge 1 ] || left=1
    read -r host <"$ROOT/proc/sys/kernel/hostname"
    is_name "$host" || host=unnamed
    if [ "$host" != "$machine" ] && [ "${host%%.*}" != "$machine" ]; then
        say "wrong_machine $host"
        exit 4
    fi
    ask_all "$@"
    exit 0
}

inside "$@"; exit
