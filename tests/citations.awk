# Checks what comments and pages cite: keys of docs/reference, Markdown pages and anchors in them, files below docs/,
# sources. And that each fact there says how it is known, each rule where it comes from, which code and which tests hold
# it. Part of tests/check-source, which hands in, in this order:
#   pass=files    the paths of all files, a line each
#   pass=pages    each Markdown page, to know its keys and anchors
#   pass=cite     each file that may cite something

function report(line, what) {
    print FILENAME ":" line ": " what
}

function folder_of(path) {
    return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/)) : ""
}

# "deploy/../README.md" is "README.md".
function simplify(path) {
    while (match(path, /[^\/]+\/\.\.\//))
        path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
    return path
}

# The file that a path in `FILENAME` means: from the root, or from the folder of whoever cites it; "" if none.
function find_file(path,    near) {
    sub(/\/$/, "", path)
    near = simplify(folder_of(FILENAME) path)
    return near in is_file ? near : path in is_file ? path : ""
}

# The anchor that a heading gets: "## E-mail, `psql`" has "e-mail-psql".
function anchor_of(heading) {
    sub(/^#+ +/, "", heading)
    heading = tolower(heading)
    gsub(/[]!-,.\/:-@[^`{|}~\\]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}

# The comments of C, else the whole line: what SQL says of itself stands in strings, what Python does in docstrings.
function text_of(line,    text, start) {
    if (FILENAME !~ /\.[ch]$/) return line
    if (!in_comment && line ~ /^[^*]*"/) gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    while (line != "") {
        start = in_comment ? 1 : match(line, /\/[*\/]/)
        if (start == 0) return text
        if (!in_comment && substr(line, start, 2) == "//") return text substr(line, start)
        if (!in_comment) line = substr(line, start + 2)
        start = index(line, "*/")
        in_comment = start == 0
        text = text " " (in_comment ? line : substr(line, 1, start - 1))
        line = in_comment ? "" : substr(line, start + 2)
    }
    return text
}

function check_keys(text,    key) {
    while (match(text, /(^|[^A-Za-z0-9-])(MWW|BKZ|REP|R)-[0-9]+/)) {
        key = substr(text, RSTART, RLENGTH)
        sub(/^[^A-Z]/, "", key)
        if (!(key in defined)) report(FNR, "cites " key ", which no page of docs/reference defines")
        text = substr(text, RSTART + RLENGTH)
    }
}

function check_old_forms(text) {
    if (FILENAME !~ /\.(c|h|sql)$/ && !sub(/^.*#/, "", text)) return
    if (match(text, /\[(spec|observed|assumed|derived|proposal|documented)([]:;, .]|$)|DESIGN,? section/) ||
        match(text, /\[(docs|sdk|SDK|page|PAGE|ccv|PYSDK|PORTAL|STATS|WC|MAG|TS)[]:;, .]/))
        report(FNR, "cites " substr(text, RSTART) ": write a key as docs/reference/README.md says")
}

function check_path(path, anchor,    file) {
    sub(/\.+$/, "", path)
    if (path ~ /^(\/|build\/)/) return
    file = find_file(path)
    if (file == "") report(FNR, "cites " path ", which is not there")
    else if (anchor != "" && !((file, anchor) in anchors))
        report(FNR, "cites " file "#" anchor ", an anchor that is not there")
}

# Paths of Markdown pages and of whatever is below docs/. A quotation mark around one makes it a string of a program.
function check_paths(text,    path, before, after, anchor) {
    while (match(text, /[A-Za-z0-9_.\/-]+\.md(#[A-Za-z0-9_-]+)?|docs\/[A-Za-z0-9_.\/-]+/)) {
        path = substr(text, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
        after = substr(text, RSTART + RLENGTH, 1)
        text = substr(text, RSTART + RLENGTH)
        anchor = path ~ /#/ ? substr(path, index(path, "#") + 1) : ""
        sub(/#.*/, "", path)
        if (before !~ /["\047*$:]/ && after !~ /["\047*$A-Za-z0-9]/) check_path(path, anchor)
    }
}

# Names of sources: a path, or the name of a file somewhere.
function check_sources(text,    name, before) {
    while (match(text, /[A-Za-z0-9_.\/-]+\.(c|h|sql)($|[^A-Za-z0-9_])/)) {
        name = substr(text, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
        text = substr(text, RSTART + RLENGTH)
        sub(/[^chl]$/, "", name)
        if (before !~ /[<*>}{"$]/ && name !~ /^[\/.]|NNNN/ && !(name in is_base) && find_file(name) == "")
            report(FNR, "cites " name ", which is not there")
    }
}

function check_own_anchors(text) {
    while (match(text, /\]\(#[^)]*\)/)) {
        if (!((FILENAME, substr(text, RSTART + 3, RLENGTH - 4)) in anchors))
            report(FNR, "cites " substr(text, RSTART + 2, RLENGTH - 3) ", an anchor that is not there")
        text = substr(text, RSTART + RLENGTH)
    }
}

# A link goes from the folder of its page, whoever shows it: what is there from the root alone is dead. What check_paths()
# has told of is not told twice.
function check_links(text,    path) {
    while (match(text, /\]\([^) ]+/)) {
        path = substr(text, RSTART + 2, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        if (path ~ /^(#|[a-z]+:)/) continue
        sub(/#.*/, "", path)
        sub(/\/$/, "", path)
        if (!(simplify(folder_of(FILENAME) path) in is_file) && (find_file(path) != "" || path !~ /\.md$|docs\//))
            report(FNR, "links to " path ", which is not there from " (folder_of(FILENAME) ? folder_of(FILENAME) : "./"))
    }
}

# How a fact is known: "documented: OAS, LOG; assumed (the unit)".
function check_known(cell,    i, j, claims, parts, sources, count) {
    gsub(/ \([^)]*\)/, "", cell)
    count = split(cell, claims, /; /)
    for (i = 1; i <= count; i++) {
        split(claims[i], parts, /: /)
        if (parts[1] !~ /^(documented|absent|observed|assumed)$/ || (parts[1] == "assumed") != (parts[2] == "")) {
            report(FNR, "says \"" claims[i] "\", which is not how a fact is known")
            continue
        }
        for (j = split(parts[2], sources, /, /); j >= 1; j--)
            if (known_by[sources[j]] != (parts[1] == "absent" ? "documented" : parts[1]))
                report(FNR, "says \"" parts[1] ": " sources[j] "\", and no source in docs/reference/README.md is that")
    }
}

function has_word(file, word,    line, found) {
    while (!found && (getline line < file) > 0) found = line ~ "(^|[^A-Za-z0-9_])" word "([^A-Za-z0-9_]|$)"
    close(file)
    return found
}

# The files in backticks, and behind each the functions in it.
function check_holders(line,    i, names, count, file) {
    count = split(line, names, /`/)
    for (i = 2; i <= count; i += 2) {
        if (names[i] ~ /\//) {
            file = names[i]
            if (!(file in is_file)) report(FNR, "names " file ", which is not there")
        } else if (file in is_file && !has_word(file, names[i]))
            report(FNR, "names " names[i] ", which is not in " file)
    }
}

function end_of_rule() {
    if (rule != "" && !(has_from && has_code && has_tests))
        print RULES ":" rule_line ": " rule " lacks From:, Code: or Tests:"
    rule = ""
}

function check_rule_line() {
    if ($0 ~ /^#/) end_of_rule()
    if ($0 ~ /^### R-[0-9]+$/) {
        rule = $2
        rule_line = FNR
        has_from = has_code = has_tests = 0
    }
    if ($0 ~ /^- From: ./) has_from = 1
    if ($0 ~ /^- Code: `/) has_code = 1
    if ($0 ~ /^- Tests: `/) has_tests = 1
    if ($0 ~ /^- (Code|Tests): /) check_holders($0)
}

function define(key) {
    if (key in defined) report(FNR, "defines " key " again, after " defined[key])
    defined[key] = FILENAME
}

BEGIN { RULES = "docs/reference/rules.md" }

pass == "files" {
    for (path = $0; !(path in is_file); sub(/\/[^\/]*$/, "", path)) is_file[path] = 1
    sub(/.*\//, "")
    is_base[$0] = 1
    next
}

FNR == 1 { end_of_rule(); in_comment = is_code = 0 }
FILENAME ~ /\.md$/ && /^ *```/ { is_code = !is_code }

pass == "pages" && /^#+ / && !is_code { anchors[FILENAME, anchor_of($0)] = 1 }
pass == "pages" && match($0, /<a id="[^"]+">/) { anchors[FILENAME, substr($0, RSTART + 7, RLENGTH - 9)] = 1 }
pass == "pages" && FILENAME ~ /^docs\/reference\// {
    if ($0 ~ /^\| (MWW|BKZ|REP)-[0-9]+ \|/) define($2)
    if ($0 ~ /^### R-[0-9]+$/) define($2)
    if (FILENAME ~ /README\.md$/ && $0 ~ /^\| [A-Z]+ \| .* \| (documented|observed) \|$/) known_by[$2] = $(NF - 1)
}

pass == "cite" {
    text = text_of($0)
    check_keys(text)
    check_old_forms(text)
    check_paths(text)
    if (FILENAME ~ /\.([ch]|sql|md)$/ && !(FILENAME == RULES && /^- (Code|Tests): /)) check_sources(text)
    if (FILENAME ~ /\.md$/) check_own_anchors(text)
    if (FILENAME ~ /\.md$/ && !is_code) check_links(text)
    if (FILENAME ~ /^docs\/reference\/.*\.md$/ && $0 ~ /^\| (MWW|BKZ)-[0-9]+ \|/) {
        cells = split($0, cell, / \| /)
        sub(/ \|$/, "", cell[cells])
        check_known(cell[cells])
    }
    if (FILENAME == RULES) check_rule_line()
}
END { end_of_rule() }
