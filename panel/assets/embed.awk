# Makes one C file of the files beside the pages: an array of {name, text}, each text without its path.
BEGIN {
    print "/* Generated from panel/assets by panel/assets/embed.awk. */"
    print "#include \"panel/server/assets.h\"\n"
    print "const struct asset_file asset_files[] = {"
}
FNR == 1 {
    if (files++ > 0) print "     },"
    name = FILENAME
    sub(/^.*\//, "", name)
    print "    {\"" name "\","
}
{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\?/, "\\?")
    print "     \"" $0 "\\n\""
}
END {
    if (files > 0) print "     },"
    print "    {0, 0}};"
}
