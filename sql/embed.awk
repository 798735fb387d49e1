# Makes one C file of all SQL files: an array of {name, text}. The name is the path below sql/ without ".sql".
# One line of SQL becomes one string literal, so the generated file can be read next to the original.
BEGIN {
    print "/* Generated from sql/ by sql/embed.awk. */"
    print "#include \"common/database/sql_embedded.h\""
    print ""
    print "const struct sql_file sql_files[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "     },"
    name = FILENAME
    sub(/^sql\//, "", name)
    sub(/\.sql$/, "", name)
    printf "    {\"%s\",\n", name
}
{
    line = $0
    gsub(/\\/, "&&", line)
    gsub(/"/, "\\\"", line)
    printf "     \"%s\\n\"\n", line
}
END {
    if (NR > 0)
        print "     },"
    print "    {0, 0}};"
}
