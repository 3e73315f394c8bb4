"""Keeps secrets of management-server.log where they are: awk functions through which each chosen line goes.

Replaced by ``***`` is what stands behind a word for a secret: a quoted value to its closing quote, an object or a list
to its closing bracket, any other to the next blank outside quotes. Behind ``=``, ``:``, ``>`` or a bracket each such
word counts (JSON, JSON within JSON, URLs, XML, names of commands), behind blanks alone those that are unmistakable,
unless an ordinary word follows ("password for VM"). Who logs in by a URL goes too, all of a PEM block, and the option
``-p`` or ``-P`` of programs that take a password by it. A value that no such word announces, or that goes on behind a
blank without quotes or in the next line, cannot be known.

It keeps to what mawk, gawk and busybox have in common: no intervals, no bounds of words, no group that may be missing
(mawk then passes over the first match); and to no single quote.
"""

from __future__ import annotations

REDACTION = r"""
function take(size) {
    safe = safe substr(rest, 1, size)
    skip(size)
}
function skip(size) {
    rest = substr(rest, size + 1)
    low = substr(low, size + 1)
}
function quoted(n,    depth, run, sign) {
    match(substr(rest, n), /^\\*./)
    depth = RLENGTH - 1
    sign = substr(rest, n + depth, 1)
    if (sign != "\"" && sign != quote) return 0
    for (n += depth + 1; n <= length(rest); n++) {
        if (substr(rest, n, 1) == "\\") { run++; continue }
        if (run <= depth && substr(rest, n, 1) == sign && substr(rest, n + 1, 1) !~ /[A-Za-z0-9]/) return n
        run = 0
    }
    return length(rest)
}
function value(stop,    n, depth, sign, before, end, nested) {
    nested = rest ~ /^[[{]/
    if (!nested && (end = quoted(1))) return end
    for (n = 1; n <= length(rest); n++) {
        sign = substr(rest, n, 1)
        if (before ~ /[:=,({[ \t]/ && (end = quoted(n))) n = end
        else if (!nested && sign ~ stop) return n - 1
        else if (nested && sign ~ /[[{]/) depth++
        else if (nested && sign ~ /[]}]/ && !--depth) return n
        before = substr(rest, n, 1)
    }
    return length(rest)
}
function separated(name) {
    if (name ~ /-p[ \t,]*$/) return 1
    if (match(low, /^[ _.-]access/)) take(RLENGTH)
    if (match(low, /^[ _.-]key/)) take(RLENGTH)
    if (match(low, /^[a-z0-9_.-]*(%3|%22%3)[ad]/) ||
        match(low, /^[a-z0-9_.-]*[^a-z0-9_ \t=:>,;({[]*[ \t]*-?[=:>(][=:>( \t]*/)) {
        take(RLENGTH)
        if (match(low, /^(basic|bearer)[ \t]+/)) take(RLENGTH)
        return 1
    }
    if (match(low, /^[a-z0-9_.-]*[^a-z0-9_ \t=:>,;({[]*[ \t]*[{[]/)) {
        take(RLENGTH - 1)
        return 1
    }
    if (name ~ /pwd|sess.*id|ticket|cred|authori|cookie|data/) return 0
    if (name == "pass" && low !~ /^(word|wd|phrase|code)/ && tolower(safe) !~ /[ \t]-+[a-z]*pass$/) return 0
    if (!match(low, /^[a-z]*[^a-z0-9_=:>,;.)]*[ \t]+/)) return 0
    take(RLENGTH)
    if (low ~ /^(for|entry|on|in|of|and|or|not|from|with|by|at|has|does)([ \t]|$)/) return 0
    if (match(low, /^(is|was|to|set to|reset to|changed to|updated to)[ \t]+/)) take(RLENGTH)
    return 1
}
function redact(text, stop,    names, name, size, named) {
    rest = " " text
    gsub(/:\/\/[^ \t"]*@/, "://***@", rest)
    low = tolower(rest)
    safe = ""
    names = "@NAMES@"
    if (low ~ /ipmitool|mysql|mariadb|sshpass/) names = names "|[ \t,]-p[ \t,]*"
    while (match(low, names)) {
        size = RSTART + RLENGTH - 1
        name = substr(low, RSTART, RLENGTH)
        take(size)
        if (!separated(name)) continue
        while (size = value(stop)) {
            named = substr(rest, size, 1) == "\"" && match(substr(low, size + 1), /^[ \t]*:[ \t]*/)
            safe = safe "***"
            skip(size)
            if (!named) break
            take(RLENGTH)
        }
    }
    return substr(safe rest, 2)
}
function keep(text,    begin, head) {
    if (pem) { if (text ~ /-----END/) pem = 0; return }
    below--
    begin = index(text, "-----BEGIN")
    if (begin) {
        pem = substr(text, begin) !~ /-----END/
        text = substr(text, 1, begin - 1) "***"
    }
    text = substr(text, 1, @LONGEST@)
    head = 0
    if (text ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:/) head = index(text, ") ")
    message[++kept] = redact(substr(text, 1, head), "[] \t)]") redact(substr(text, head + 1), "[ \t]")
}
""".replace(
    "@NAMES@",
    "pass|pwd|secret|token|signature|bearer|[^a-z]sid|session_?id|ticket|credential|authorization|cookie"
    "|psk|user[ _.-]?data|chap[_-]?(initiator|target)|(api|session|private|access|encryption|shared|auth)[ _.-]?key",
).strip()
"""Defines ``keep``, which takes a chosen line; ``quote``, ``below``, ``pem``, ``kept``, ``message`` are others'."""
