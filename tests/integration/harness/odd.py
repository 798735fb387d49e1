"""Settings that a DBA may choose for a role or a database, none of them as usual."""

# One value for each, none of them the usual one.
ODD = {
    "synchronous_commit": "off", "client_min_messages": "error", "DateStyle": "'SQL, DMY'", "IntervalStyle": "iso_8601",
    "TimeZone": "'Asia/Shanghai'", "array_nulls": "off", "bytea_output": "escape", "extra_float_digits": "-15",
    "standard_conforming_strings": "off", "escape_string_warning": "off", "backslash_quote": "on",
    "transform_null_equals": "on", "quote_all_identifiers": "on", "row_security": "off", "check_function_bodies": "off",
    "search_path": "public, pg_catalog", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on", "xmloption": "document", "lc_time": "'C'", "constraint_exclusion": "on",
    "statement_timeout": "'2s'", "lock_timeout": "'1ms'", "jit_above_cost": "0", "enable_indexscan": "off",
}
# What would end the sessions of the test itself, so for the daemons only.
ODD_FOR_DAEMONS = {"idle_session_timeout": "'300ms'", "idle_in_transaction_session_timeout": "'300ms'"}
