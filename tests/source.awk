# Checks C and SQL files: layers, banned calls, sizes, SQL in C strings. Part of tests/check-source, which hands in each
# file twice, since what a file includes must be known before its includes are followed:
#   pass=1    to know what comes in by a detour
#   pass=2    to check

function report(line, what) {
    print file ":" line ": " what
}

# Where a file belongs: "worker/jobs" and "worker/api" are stricter than "worker".
function layer_of(path) {
    if (path ~ /^worker\/(jobs|api)\//) return "pure"
    return substr(path, 1, index(path, "/") - 1)
}

# The folder of worker/ that a file is in: "jobs" for worker/jobs/ping.c.
function wing(path,    parts) {
    split(path, parts, "/")
    return parts[2]
}

# What `including` must not see. "" when it may.
function forbidden(including, included,    layer) {
    layer = layer_of(including)
    if (layer == "common" && included ~ /^(worker|scheduler|panel)\//) return "common/ knows no daemon"
    if (layer == "panel" && included ~ /^(worker|scheduler)\//) return "the panel knows no daemon"
    if (layer != "panel" && layer != "tests" && included ~ /^panel\//) return "the panel serves people, not daemons"
    if (layer == "scheduler" && included ~ /^worker\//) return "the daemons meet only in the database"
    if ((layer == "worker" || layer == "pure") && included ~ /^scheduler\//)
        return "the daemons meet only in the database"
    if (layer != "tests" && included ~ /^tests\//) return "production code knows no tests"
    if (layer == "pure" && included ~ /^(curl\/|libpq|postgres|pthread\.h|threads\.h)/)
        return "worker/jobs and worker/api are pure"
    if (layer == "pure" && included ~ /^common\/(log|clock)\.h$|^common\/database\//)
        return "worker/jobs and worker/api are pure"
    if (including ~ /^worker\/[a-z]+\// && included ~ /^worker\/[a-z]+\// &&
        index(may[wing(including)], " " wing(included) " ") == 0)
        return "worker/" wing(including) " may not use worker/" wing(included)
    return ""
}

function included_path(line) {
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) return ""
    sub(/^[^<"]*[<"]/, "", line)
    sub(/[>"].*$/, "", line)
    return line
}

# Follows the includes of `path`; says how something forbidden comes in, or "".
function detour(including, path, depth,    i, found, why) {
    if (depth > 20 || (path in seen)) return ""
    seen[path] = 1
    for (i = 1; i <= includes[path]; i++) {
        why = forbidden(including, include[path, i])
        if (why != "") return include[path, i] " through " path ": " why
        found = detour(including, include[path, i], depth + 1)
        if (found != "") return found
    }
    return ""
}

function check_include(path, why) {
    if (path == "") return
    why = forbidden(file, path)
    if (why == "") {
        split("", seen)
        why = detour(file, path, 0)
    }
    if (why != "") report(FNR, "includes " path ": " why)
    if ($0 ~ /include[ \t]*"/ && path !~ /^(common|worker|scheduler|panel|tests)\//)
        report(FNR, "includes \"" path "\", which is not written from the root")
}

function check_literal(text) {
    if (file ~ /^(common|worker|scheduler|panel)\/.*\.c$/ &&
        text ~ /^[ \t]*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|BEGIN|COMMIT)([ \t;]|\\[nt])/)
        report(FNR, "SQL in a C string: " substr(text, 1, 40))
}

# Returns a line of C without its comments and with empty literals; looks at the literals.
function code_of(line,    i, c, quote, text, code) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (in_comment) {
            if (substr(line, i, 2) == "*/") { in_comment = 0; i++ }
        } else if (quote != "") {
            if (c == "\\") { text = text substr(line, i, 2); i++ }
            else if (c != quote) text = text c
            else {
                if (quote == "\"") check_literal(text)
                code = code quote
                quote = ""
            }
        } else if (substr(line, i, 2) == "/*") { in_comment = 1; i++ }
        else if (substr(line, i, 2) == "//") break
        else {
            if (c == "\"" || c == "'") { quote = c; text = "" }
            code = code c
        }
    }
    return code
}

function check_calls(code,    name) {
    while (match(code, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        name = substr(code, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", name)
        if (name in banned) report(FNR, "calls " name "(), which is banned")
        # What it returns is not for free() (worker/api/text/scratch.h).
        if (name == "json_dumps" && FILENAME ~ /^worker\//) report(FNR, "calls json_dumps(): use json_write()")
        if (name in clocks && layer_of(file) == "pure")
            report(FNR, "calls " name "(): worker/jobs and worker/api know no clock")
        code = substr(code, RSTART + RLENGTH)
    }
}

# The parameters between the first parenthesis of `code` and the one that closes it; one that begins with a star is the
# name of a pointer to a function: then those of the next. "..." is none.
function count_parameters(code,    i, c, depth, count) {
    sub(/^[^(]*/, "", code)
    if (code ~ /^\([ \t]*\*[^()]*\)/) sub(/^\([^()]*\)[^(]*/, "", code)
    for (i = 1; i <= length(code); i++) {
        c = substr(code, i, 1)
        if (c == "(") depth++
        else if (c == ",") count += depth == 1
        else if (c == ")" && --depth == 0) break
    }
    return count + (substr(code, 1, i) !~ /\.\.\.[ \t]*\)$/)
}

function is_balanced(code) {
    return gsub(/\(/, "", code) == gsub(/\)/, "", code)
}

# Gathers what begins in the first column up to the end of its parameters. A macro has a name only, a variable has none.
function check_parameters(code,    count) {
    if ($0 ~ /NOLINTNEXTLINE\(readability-function-size\)/) excused = FNR + 1
    if (head == "") {
        if (code !~ /^[A-Za-z_][A-Za-z0-9_]*[^A-Za-z0-9_:]/) return
        head_line = FNR
    }
    head = head " " code
    if (head !~ /[;{]/ && !(head ~ /\(/ && is_balanced(head))) return
    count = head ~ /^[^(=]*[A-Za-z0-9_*] +\**\(?\**[A-Za-z0-9_]+\)? *\(/ ? count_parameters(head) : 0
    if (count > parameters && head_line != excused)
        report(head_line, "a function of " count " parameters; at most " parameters)
    head = ""
}

function check_size() {
    if ($0 ~ /^\{/) start = FNR
    if ($0 ~ /^\}/ && start > 0) {
        if (FNR - start + 1 > function_lines)
            report(start, "a function of " FNR - start + 1 " lines; at most " function_lines)
        start = 0
    }
}

function end_of_file() {
    if (file ~ /\.[ch]$/ && lines > file_lines)
        report(lines, "a file of " lines " lines; at most " file_lines)
}

BEGIN {
    # No arrow runs back up: what each wing of worker/ may use of the others, and itself.
    may["api"] = " api "
    may["jobs"] = " api jobs "
    may["calls"] = " api calls "
    may["queue"] = " queue "
    may["engine"] = " api calls engine jobs queue "
    count = split("strcpy strcat sprintf vsprintf gets strtok localtime gmtime alloca atoi atol system popen",
                  names, " ")
    for (i = 1; i <= count; i++) banned[names[i]] = 1
    count = split("time clock clock_gettime gettimeofday timespec_get", names, " ")
    for (i = 1; i <= count; i++) clocks[names[i]] = 1
}

FNR == 1 {
    if (pass == 2) end_of_file()
    file = FILENAME
    sub(/^\.\//, "", file)
    in_comment = 0
    start = 0
    head = ""
}

pass == 1 {
    path = included_path($0)
    if (path != "") include[file, ++includes[file]] = path
    next
}

{ lines = FNR }
/[ \t\r]$/ { report(FNR, "white space at the end of the line") }
/\t/ { report(FNR, "a tab") }
/(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)($|[^A-Za-z0-9_])/ { report(FNR, "unfinished: TODO, FIXME or XXX") }
file ~ /\.[ch]$/ {
    code = code_of($0)
    check_include(included_path($0))
    check_calls(code)
    check_parameters(code)
    check_size()
}

END { end_of_file() }
