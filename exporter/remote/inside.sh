# Inside a system VM: <version> <nonce> <machine> <question>[:<parameter>,...]...
inside() {
    exec 3>&1 5<&0 </dev/null 2>/dev/null
    check_call "$@"
    machine=$3
    shift 3
    check_questions question "$@"
    read -r host <"$ROOT/proc/sys/kernel/hostname"
    is_name "$host" || host=unnamed
    if [ "$host" != "$machine" ] && [ "${host%%.*}" != "$machine" ]; then
        say "wrong_machine $host"
        exit 4
    fi
    for word in "$@"; do
        ask "$word"
    done
    exit 0
}

inside "$@"; exit
