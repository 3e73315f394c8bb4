# Copies standard input; ~<count>+<per second>~ becomes what has been counted since the lab began. A model of hosts
# has no beginning: its copies count for themselves.
counted() {
    [ -r "$knows/start" ] || exec cat
    read -r start <"$knows/start"
    exec awk -v RS='~' -v ORS= -v elapsed="$(($(date +%s) - start))" '
        /^[0-9]+\+[0-9]+$/ { split($0, parts, "+"); printf "%.0f", parts[1] + parts[2] * elapsed; next }
        { print }'
}
