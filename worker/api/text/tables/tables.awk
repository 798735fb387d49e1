# Writes the tables of this folder as C (tables.h says what they are):
#   awk -f tables.awk calling_codes.tsv countries.tsv country_names.tsv entities.tsv months.tsv
function text(value) {
    return "\"" value "\""
}

# 1-5:9 6:9,11 as ten sets of bits, one for each first digit.
function lengths(value,    runs, count, i, parts, ends, digit, numbers, n, k, sets, result) {
    count = split(value, runs, " ")
    for (i = 1; i <= count; i++) {
        split(runs[i], parts, ":")
        n = split(parts[2], numbers, ",")
        if (split(parts[1], ends, "-") == 1) ends[2] = ends[1]
        for (digit = ends[1]; digit <= ends[2]; digit++)
            for (k = 1; k <= n; k++)
                if (numbers[k] < 16) sets[digit] += 2 ^ numbers[k]
    }
    for (digit = 0; digit < 10; digit++)
        result = result (digit ? ", " : "") sprintf("0x%04x", sets[digit])
    return "{" result "}"
}

function begin(table, type) {
    if (open != "") finish()
    open = table
    rows = 0
    printf "\nconst struct %s text_%s[] = {\n", type, table
}

function finish() {
    printf "};\nconst size_t text_%s_count = %d;\n", open, rows
}

BEGIN {
    FS = "\t"
    print "/* Made by worker/api/text/tables/tables.awk. */"
    print "#include \"worker/api/text/tables.h\""
    type["calling_codes"] = "calling_code"
    type["countries"] = "country"
    type["country_names"] = "country_name"
    type["entities"] = "entity"
    type["months"] = "month"
}

FNR == 1 {
    table = FILENAME
    sub(/^.*\//, "", table)
    sub(/\.tsv$/, "", table)
    begin(table, type[table])
}

/^#/ { next }

{ rows++ }

table == "calling_codes" { printf "    {%s, %s, %s, %s},\n", text($1), text($2), text($3), lengths($4) }
table == "countries" {
    printf "    {%s, %s, %s, %s, %s, %s, %s},\n", text($1), text($2), text($3), text($4), text($5),
        $6 == "yes" ? "true" : "false", lengths($7)
}
table == "country_names" { printf "    {%s, %s},\n", text($1), text($2) }
table == "entities" { printf "    {%s, %s},\n", text($1), $2 }
table == "months" { printf "    {%s},\n", text($1) }

END { finish() }
