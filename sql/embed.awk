# Makes one C file of all SQL files: an array of {name, text}. The name is the path below sql/ without ".sql".
# The first file is sql/revision: the number of the functions, views and grants.
# One line of SQL becomes one string literal, so the generated file can be read next to the original.
BEGIN {
    print "/* Generated from sql/ by sql/embed.awk. */"
    print "#include \"common/database/sql_embedded.h\""
    print ""
    print "const struct sql_file sql_files[] = {"
}
FILENAME ~ /revision$/ {
    revision = $1
    next
}
FNR == 1 {
    if (files++ > 0)
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
    if (files > 0)
        print "     },"
    print "    {0, 0}};"
    print ""
    printf "const int sql_revision = %d;\n", revision
}
