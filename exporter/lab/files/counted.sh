# Copies files or standard input; ~<count>+<per second>~ becomes what has been counted since the lab began. A model
# of hosts has no beginning: its copies count for themselves. With mark set, only what stands below that line.
counted() {
    start=
    if [ -r "$knows/start" ]; then
        read -r start <"$knows/start"
        read -r now _ </proc/uptime
        start=$((${now%.*} - start))
    fi
    exec awk -v elapsed="$start" -v mark="${mark:-}" '
        mark != "" && /^@ / { inside = $0 == mark; found = found || inside; next }
        mark != "" && !inside { next }
        elapsed == "" || !/~/ { print; next }
        {
            count = split($0, parts, "~")
            line = ""
            for (i = 1; i <= count; i++) {
                if (i % 2) line = line parts[i]
                else {
                    split(parts[i], number, "+")
                    line = line sprintf("%.0f", number[1] + number[2] * elapsed)
                }
            }
            print line
        }
        END { exit mark != "" && !found }' "$@"
}
