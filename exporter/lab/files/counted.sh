# Copies files or standard input; ~<count>+<per second>~ becomes what has been counted since the lab began, unless
# LAB_RAW says that somebody else will count. With mark set, only what stands below that line; without such a line
# the words of otherwise, and the exit code of otherwise_code.
counted() {
    start=
    if [ -z "${LAB_RAW:-}" ]; then
        read -r start <"$knows/start"
        read -r now _ </proc/uptime
        start=$((${now%.*} - start))
    fi
    exec awk -v elapsed="$start" -v mark="${mark:-}" -v otherwise="${otherwise:-}" -v code="${otherwise_code:-1}" '
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
        END {
            if (mark != "" && !found) {
                print otherwise >"/dev/stderr"
                exit code
            }
        }' "$@"
}
