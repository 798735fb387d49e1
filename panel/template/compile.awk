# Makes one C file of the texts (NAME.txt) and the templates (NAME.html), which panel/template/template.h describes.
#   awk -f compile.awk texts/nl.txt texts/en.txt templates/*.html
# It fails, with the file and what is wrong, when a text is missing in a language or used nowhere, when a section is not
# closed, when a partial is not there, and when a value would stand where no way of escaping it is safe: in a script, in a
# style, in an attribute without quotes, as a name of a tag.

function fail(what) {
    printf "%s: %s\n", where, what | "cat >&2"
    failed = 1
}

function base_name(path) {
    sub(/^.*\//, "", path)
    sub(/\.[a-z]+$/, "", path)
    return path
}

function quoted(text) {
    gsub(/\\/, "&&", text)
    gsub(/"/, "\\\"", text)
    gsub(/\?/, "\\?", text)
    gsub(/\n/, "\\n", text)
    return "\"" text "\""
}

# The bytes of each line are kept: a text of a language is a line "key = text".
function read_text(    at, key, text) {
    if ($0 ~ /^[ \t]*(#|$)/) return
    at = index($0, " = ")
    key = substr($0, 1, at - 1)
    text = substr($0, at + 3)
    where = FILENAME ":" FNR
    if (at == 0 || key !~ /^[a-z][a-z0-9_]*$/ || text == "") fail("not a line of KEY = TEXT")
    if ((language, key) in words) fail("the text '" key "' is there twice")
    words[language, key] = text
    if (!(key in known)) {
        known[key] = 1
        keys[++key_count] = key
    }
}

FNR == 1 {
    if (FILENAME ~ /\.txt$/) {
        language = base_name(FILENAME)
        languages[++language_count] = language
    } else {
        name = base_name(FILENAME)
        names[++name_count] = name
        paths[name] = FILENAME
    }
}
FILENAME ~ /\.txt$/ { read_text(); next }
{
    # A line with nothing but a section or a partial leaves no blank line behind.
    if ($0 ~ /^[ \t]*\{\{[#^\/>!][^{}]*\}\}[ \t]*$/) gsub(/^[ \t]+|[ \t]+$/, "")
    else $0 = $0 "\n"
    sub(/^[ \t]+/, "")
    content[name] = content[name] $0
}

function step(op, text, extra) {
    print "    {TEMPLATE_" op ", " text (extra != "" ? ", " extra : "") "},"
    return step_count++
}

# Follows literal text, so that what a value stands in is known: place is "text", "tag" or "value" (of an attribute).
function follow(text,    i, c, rest) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (place == "text") {
            if (c != "<") continue
            rest = tolower(substr(text, i, 8))
            if (rest ~ /^<style/ || (rest ~ /^<script/ && substr(text, i) !~ /^<script src="/))
                fail("scripts and styles are files of their own")
            if (rest !~ /^<!--/) { place = "tag"; attribute = "" }
        } else if (place == "tag") {
            if (c == ">") place = "text"
            else if (c == "'") fail("attributes stand in double quotes")
            else if (c == "\"") {
                if (attribute !~ /=$/) fail("a quote without an attribute")
                sub(/=$/, "", attribute)
                if (attribute == "style" || attribute ~ /^on/) fail("no attribute '" attribute "': it would be ignored")
                place = "value"
                is_first = 1
            } else if (c ~ /[ \n]/) attribute = ""
            else attribute = attribute c
        } else if (c == "\"") { place = "tag"; attribute = "" }
        else is_first = 0
    }
}

# How a value is written where it stands.
function way(    is_url) {
    is_url = attribute ~ /^(href|src|action|formaction|hx-get)$/
    if (place == "tag") fail("a value may stand in text and in the quoted value of an attribute only")
    if (place != "value" || !is_url) return "VALUE"
    return is_first ? "URL" : "URL_PART"
}

function check_name(text) {
    if (text != "." && text !~ /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/) fail("'" text "' is no name")
}

function use_words(key,    at, prefix, i, found) {
    if (place == "tag" || (place == "value" && way() != "VALUE")) fail("no text here")
    at = index(key, "$")
    if (at == 0) {
        if (!(key in known)) fail("there is no text '" key "'")
        used[key] = 1
        step("WORDS", quoted(key), number[key])
        return
    }
    prefix = substr(key, 1, at - 1)
    check_name(substr(key, at + 1))
    for (i = 1; i <= key_count; i++)
        if (index(keys[i], prefix) == 1) { used[keys[i]] = 1; found = 1 }
    if (!found) fail("there is no text that begins with '" prefix "'")
    step("WORDS_OF", quoted(prefix), "0, " quoted(substr(key, at + 1)))
}

function state() {
    return place " " (place == "value" ? attribute : "")
}

function compile_tag(tag,    kind, text) {
    kind = substr(tag, 1, 1)
    text = substr(tag, 2)
    if (kind == "!") return
    if (kind == "#" || kind == "^") {
        check_name(text)
        opened[++depth] = text
        opened_state[depth] = state()
        step(kind == "#" ? "EACH" : "UNLESS", quoted(text), "0")
    } else if (kind == "/") {
        if (depth == 0 || opened[depth] != text) { fail("{{/" text "}} closes nothing"); return }
        if (opened_state[depth] != state()) fail("{{#" text "}} ends elsewhere in the tag than it began")
        depth--
        step("END", quoted(text))
    } else if (kind == ">") {
        if (!(text in paths)) fail("there is no template '" text "'")
        if (place != "text") fail("a partial stands between tags")
        step("PARTIAL", quoted(text), order[text])
    } else if (substr(tag, 1, 2) == "t.") {
        use_words(substr(tag, 3))
    } else {
        check_name(tag)
        step(way(), quoted(tag))
        is_first = 0
    }
}

function compile(text,    at, end, literal) {
    place = "text"
    attribute = ""
    while (text != "") {
        at = index(text, "{{")
        literal = at > 0 ? substr(text, 1, at - 1) : text
        if (literal != "") {
            follow(literal)
            step("TEXT", quoted(literal))
        }
        if (at == 0) break
        text = substr(text, at + 2)
        end = index(text, "}}")
        if (end == 0) { fail("{{ without }}"); break }
        compile_tag(substr(text, 1, end - 1))
        text = substr(text, end + 2)
    }
    if (place != "text") fail("a tag is not closed")
    if (depth > 0) fail("{{#" opened[depth] "}} is not closed")
    depth = 0
}

function sort(array, count,    i, j, one) {
    for (i = 2; i <= count; i++) {
        one = array[i]
        for (j = i - 1; j >= 1 && array[j] > one; j--) array[j + 1] = array[j]
        array[j + 1] = one
    }
}

END {
    sort(keys, key_count)
    for (i = 1; i <= key_count; i++) number[keys[i]] = i - 1
    for (i = 1; i <= name_count; i++) order[names[i]] = i - 1
    print "/* Generated from panel/texts and panel/templates by panel/template/compile.awk. */"
    print "#include \"panel/template/template.h\"\n"
    for (i = 1; i <= name_count; i++) {
        where = paths[names[i]]
        print "static const struct template_step steps_" i "[] = {"
        compile(content[names[i]])
        print "    {TEMPLATE_STOP},\n};\n"
    }
    print "const struct template templates[] = {"
    for (i = 1; i <= name_count; i++) print "    {\"" names[i] "\", steps_" i "},"
    print "    {0, 0},\n};\n"
    print "const char *const template_languages[] = {"
    for (l = 1; l <= language_count; l++) print "    \"" languages[l] "\","
    print "    0,\n};\n"
    print "const struct template_words template_words[] = {"
    for (i = 1; i <= key_count; i++) {
        printf "    {\"%s\", {", keys[i]
        for (l = 1; l <= language_count; l++) {
            where = languages[l] ".txt"
            if (!((languages[l], keys[i]) in words)) fail("the text '" keys[i] "' is missing")
            print quoted(words[languages[l], keys[i]]) (l < language_count ? ", " : "")
        }
        print "}},"
        where = languages[1] ".txt"
        if (!(keys[i] in used)) fail("the text '" keys[i] "' is used nowhere")
    }
    print "    {0, {0, 0}},\n};"
    if (failed) exit 1
}
