# Writes a manual page with what the programs say of their settings in its places, so that the two cannot drift:
# `make manual`, held by tests/integration/test_settings_doc.py.
#   awk -v build=build -f docs/man/settings.awk PAGE
# A place is between two comments: .\" made: all of worker, or .\" made: of scheduler, worker (those that exactly these
# have), and .\" made: end. --help comes from the table in common/config/table.c: names, an indented text, an empty line.

function troff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/'/, "\\(aq", text)
    return text
}

# A name with its argument, --in-flight=COUNT; the ones behind the first stand under it.
function tag(line, is_first,    equals) {
    equals = index(line, "=")
    return (is_first ? ".TP" : ".TQ") "\n.BI " troff(substr(line, 1, equals)) " " troff(substr(line, equals + 1)) "\n"
}

# A sentence begins a line.
function sentences(text) {
    text = troff(text)
    gsub(/\. /, ".\n", text)
    return text
}

function end_setting() {
    if (!(key in tags)) {
        order[++count] = key
    }
    tags[key] = names
    words[key] = text
    programs[key] = programs[key] (programs[key] == "" ? "" : ", ") program
    names = text = key = ""
}

function read_help(    command, line, found) {
    command = build "/koppeling-" program " --help"
    while ((command | getline line) > 0) {
        if (line ~ /^  (--[a-z-]+|KOPPELING_[A-Z_]+)=/) {
            sub(/^ +/, "", line)
            names = names tag(line, names == "")
            if (key == "" && line ~ /^KOPPELING_/) {
                key = substr(line, 1, index(line, "=") - 1)
            }
        } else if (key != "" && line ~ /^        /) {
            sub(/^ +/, "", line)
            text = text (text == "" ? "" : " ") line
        } else if (key != "") {
            end_setting()
            found++
        }
    }
    if (close(command) != 0 || found == 0) {
        fail(command " tells no settings")
    }
}

function fail(why) {
    print FILENAME ": " why >"/dev/stderr"
    is_broken = 1
    exit 1
}

# `of`: the programs that have them, all of these and no other; `of_one`: one that has them among others.
function print_settings(of, of_one,    i) {
    for (i = 1; i <= count; i++) {
        if (programs[order[i]] == of || (of_one != "" && programs[order[i]] ~ of_one)) {
            printf "%s%s.\n", tags[order[i]], sentences(words[order[i]])
            printed[order[i]] = 1
            settings++
        }
    }
}

BEGIN {
    split("scheduler worker panel", all, " ")
    for (i = 1; i in all; i++) {
        program = all[i]
        read_help()
    }
}

/^\.\\" made: end$/ { is_made = 0 }
!is_made { print }
/^\.\\" made: all of / { is_made = 1; print_settings("", $5) }
/^\.\\" made: of / { is_made = is_whole = 1; print_settings(substr($0, length(".\\\" made: of ") + 1), "") }

END {
    for (key in tags) {
        if (is_whole && !is_broken && !(key in printed)) {
            fail("no part of the page is for " key ", which is of " programs[key])
        }
    }
    if (!is_broken && (is_made || settings == 0)) {
        fail("its marks are not whole")
    }
}
