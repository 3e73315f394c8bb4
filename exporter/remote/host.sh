# On a host: <version> <nonce> host <question>[:<parameter>,...]...
# Through it: <version> <nonce> hop <machine> <address>[@<port>] modern|legacy <seconds> <question>...

# The script that runs inside the system VM is written to a pipe; the pipe stays open until the
# client has gone, because its end would say so inside. First comes the number of this process. Nothing
# follows the script, which ends in a newline: a shell that reads blocks would leave it for the questions.
feed() {
    export INSIDE
    exec sh -c 'printf "%s\n%s" "$$" "$INSIDE"; read -r nothing' <&5
}

# CloudStack's key lies on KVM hosts and in dom0, or on a management server of RPM, deb or 3.x.
find_key() {
    for key in /root/.ssh/id_rsa.cloud /var/cloudstack/management/.ssh/id_rsa \
        /var/lib/cloudstack/management/.ssh/id_rsa /var/lib/cloud/management/.ssh/id_rsa; do
        key=$ROOT$key
        [ ! -f "$key" ] || return 0
    done
    say no_key
    return 1
}

# Runs a command under a time limit in seconds, ends it when the client has gone, and writes its exit
# code to 4. The outer limit ends the inner one where the kernel does not let the command be killed.
# A timeout(1) that has just forked would die of a signal and leave its command behind: hence the pause.
# 6 and 7 are its standard input and standard error.
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

# System VMs make a new host key each time they are created: what answers is known by its name, inside,
# and nothing secret is sent. Of the key exchanges only those cheap for a router with one slow CPU. At
# level ERROR ssh would not say why it fails.
hop() {
    machine=$1 address=${2%%@*} port=3922 era=$3 limit=$4
    case $2 in *@*) port=${2#*@} ;; esac
    shift 4
    find_key || return 0
    exchanges=curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256
    host_keys=ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256
    signatures=rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256
    if [ "$era" = legacy ]; then
        exchanges=$exchanges,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1
        host_keys=$host_keys,ssh-rsa
        signatures=$signatures,ssh-rsa
    fi
    told=$(
        exec 4>&1
        feed | {
            read -r feeder
            bounded "$limit" ssh -F /dev/null -T -x -a -i "$key" -p "$port" -l root \
                -o BatchMode=yes -o IdentitiesOnly=yes -o PreferredAuthentications=publickey \
                -o ConnectTimeout=5 -o LogLevel=INFO -o ControlPath=none -o ClearAllForwardings=yes \
                -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
                -o KexAlgorithms="$exchanges" -o HostKeyAlgorithms="$host_keys" \
                -o PubkeyAcceptedKeyTypes="$signatures" \
                "$address" sh -s -- "$VERSION" "$nonce" "$machine" "$limit" "$@" 6<&0 7>&1 1>&3
            kill "$feeder"
        } | tail -c 300 | tr -c ' -~' ' '
    )
    say "hop $told"
}

check_hop() {
    is_name "${1:-}" || refuse 'a machine name that is none'
    case ${2:-} in
        *@*) is_parameter "$2" ;;
        *) is_address "${2:-}" ;;
    esac || refuse 'an address that is none'
    case ${3:-} in modern | legacy) ;; *) refuse 'an era that is none' ;; esac
    is_number "${4:-}" && [ "$4" -ge 1 ] && [ "$4" -le 600 ] || refuse 'a time limit that is none'
    shift 4
    check_questions question_inside "$@"
}

collect() {
    check_call "$@"
    way=${3:-}
    case $way in
        host) shift 3; check_questions question "$@" ;;
        hop) shift 3; check_hop "$@" ;;
        *) refuse 'a way that is not known' ;;
    esac
    if [ "$way" = hop ]; then
        hop "$@"
    else
        ask_all "$@"
    fi
    say done
    exit 0
}

# Under a forced command the words come in the environment: collect <word>...
main() {
    exec 3>&1 5<&0 </dev/null 2>/dev/null
    nonce=- left=600
    if [ $# -eq 0 ]; then
        given=${SSH_ORIGINAL_COMMAND:-}
        case $given in *[!A-Za-z0-9_.,:@\ -]*) refuse 'a word with other characters' ;; esac
        [ ${#given} -le 32768 ] || refuse 'too many words'
        set -- $given
        [ "${1:-}" = collect ] || refuse 'another command'
        shift
    fi
    collect "$@"
}

main "$@"; exit
