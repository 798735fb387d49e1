/* Which values settings may have. */

#include "tests/unit/config_helpers.h"

TEST(a_wrong_value_is_refused_by_name_value_and_what_is_allowed)
{
    static const struct {
        const char *variable, *value, *needle;
    } cases[] = {
        {"KOPPELING_THREADS", "0", "KOPPELING_THREADS '0': not a whole number from 1 to 64"},
        {"KOPPELING_THREADS", "65", "'65': not a whole number from 1 to 64"},
        {"KOPPELING_THREADS", "-1", "'-1': not a whole number"},
        {"KOPPELING_THREADS", "+1", "not a whole number"},
        {"KOPPELING_THREADS", " 1", "not a whole number"},
        {"KOPPELING_THREADS", "1 ", "not a whole number"},
        {"KOPPELING_THREADS", "2.5", "not a whole number"},
        {"KOPPELING_THREADS", "0x10", "not a whole number"},
        {"KOPPELING_THREADS", "99999999999999999999999999", "not a whole number"},
        {"KOPPELING_THREADS", "4\x1B[2J", "'4?[2J'"},
        {"KOPPELING_IN_FLIGHT", "10001", "from 1 to 10000"},
        {"KOPPELING_CONNECTIONS", "0", "from 1 to 10000"},
        {"KOPPELING_LEASE_SECONDS", "4", "from 5 to 3600"},
        {"KOPPELING_GRACE_SECONDS", "601", "from 0 to 600"},
        {"KOPPELING_REQUEST_TIMEOUT_SECONDS", "0", "from 1 to 300"},
        {"KOPPELING_PREPARE", "yes", "KOPPELING_PREPARE 'yes': not one of auto, on, off"},
        {"KOPPELING_LOG_FORMAT", "JSON", "'JSON': not one of logfmt, json"},
        {"KOPPELING_LOG_LEVEL", "warn", "not one of debug, info, warning, error"},
        {"KOPPELING_KINDS", ",", "not a list"},
        {"KOPPELING_KINDS", "poll,", "not a list"},
        {"KOPPELING_KINDS", "poll,,ping", "not a list"},
        {"KOPPELING_KINDS", "poll ping", "not a list"},
        {"KOPPELING_KINDS", "Poll", "not a list"},
        {"KOPPELING_KINDS", "poll;drop", "KOPPELING_KINDS 'poll;drop'"},
        {"KOPPELING_KINDS", " ", "not a list"},
        {"KOPPELING_CA_FILE", "/nowhere/ca.pem", "'/nowhere/ca.pem': No such file or directory"},
        {"KOPPELING_CA_FILE", "/", "not a file"},
        {"KOPPELING_METRICS_ADDRESS", "localhost", "'localhost': not of the form host:port"},
        {"KOPPELING_METRICS_ADDRESS", "[::1]", "not of the form host:port"},
        {"KOPPELING_METRICS_ADDRESS", "localhost:", "the port"},
        {"KOPPELING_METRICS_ADDRESS", "localhost:65536", "from 0 to 65535"},
        {"KOPPELING_METRICS_ADDRESS", "localhost:4294967297", "from 0 to 65535"},
        {"KOPPELING_METRICS_ADDRESS", "localhost:80x", "the port"},
        {"KOPPELING_METRICS_ADDRESS", "localhost:-1", "the port"},
        {"KOPPELING_METRICS_ADDRESS", "::1:9187", "must stand in brackets"},
        {"KOPPELING_METRICS_ADDRESS", "[127.0.0.1]:9187", "no IPv6 address in the brackets"},
        {"KOPPELING_METRICS_ADDRESS", "[]:9187", "no IPv6 address in the brackets"},
        {"KOPPELING_METRICS_ADDRESS", "local host:9187", "not a name"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_variable_refused(cases[i].variable, cases[i].value, cases[i].needle);
    }
}

TEST(a_wrong_flag_value_names_the_flag)
{
    static const char arguments[] = "--threads|many";

    assert_refused(arguments, ERROR_CONFIG, "cannot use --threads 'many': not a whole number");
}

TEST(good_api_addresses_are_kept_in_one_form)
{
    static const struct {
        const char *given, *kept;
    } cases[] = {
        {"https://api.example.com", "https://api.example.com"},
        {"https://api.example.com/", "https://api.example.com"},
        {"https://api.example.com:8443/v1/", "https://api.example.com:8443/v1"},
        {"HTTPS://api.example.com", "https://api.example.com"},
        {"https://api.example.com/a/b//", "https://api.example.com/a/b"},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"http://127.9.9.9", "http://127.9.9.9"},
        {"http://localhost:80/", "http://localhost:80"},
        {"http://LocalHost:81", "http://LocalHost:81"},
        {"http://[::1]:8080/", "http://[::1]:8080"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        AUTO(config) struct config config = {0};

        setenv("KOPPELING_MIJNWEBWINKEL_URL", cases[i].given, 1);
        assert_loads(&config, "");
        assert_string_equal(config.mijnwebwinkel_url, cases[i].kept);
    }
}

TEST(bad_api_addresses_are_refused_without_showing_a_password)
{
    static const char *const values[] = {
        "api.example.com",
        "//api.example.com",
        "https://",
        "https:///path",
        "https:/api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "http://api.example.com",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost.",
        "http://[::2]",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
        "https://api.example.com?",
        "https://api.example.com/?token=" CANARY,
        "https://api.example.com/#",
        "https://api.example.com/#" CANARY,
        "https://user@api.example.com",
        "https://user:" CANARY "@api.example.com",
        "http://user:" CANARY "@127.0.0.1",
        "http://127.0.0.1@api.example.com",
        "http://127.0.0.1:80\\@api.example.com",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:x",
        "https://api example.com",
        "https://api.example.com/a b",
        "https://api.example.com/\r\nHost: x",
        " https://api.example.com",
        "https://[::1",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        assert_variable_refused("KOPPELING_MIJNWEBWINKEL_URL", values[i],
                                "KOPPELING_MIJNWEBWINKEL_URL");
        assert_variable_refused("KOPPELING_BOEKUWZENDING_STAGING_URL", values[i],
                                "KOPPELING_BOEKUWZENDING_STAGING_URL");
    }
}

TEST(bad_database_urls_are_refused_without_showing_a_password)
{
    static const struct {
        const char *value, *needle;
    } cases[] = {
        {"host=a " CANARY "=5432", "not a connection string for libpq"},
        {"postgresql://a/b?" CANARY "=1", "not a connection string for libpq"},
        {"host='" CANARY, "not a connection string for libpq"},
        /* What libpq takes for something else than the password that it is. */
        {"postgresql://u:" CANARY "/x@a/b", "/ as %2F"},
        {"postgresql://u:1/" CANARY "@a/b", "@ as %40"},
        {"postgresql://u:x@" CANARY "@a/b", "@ as %40"},
        {"postgresql://u:x@" CANARY "/y@a/b", "@ as %40"},
        {"postgresql://u:" CANARY "/x?y@a/b", "not a connection string for libpq"},
        {"host=a port=" CANARY, "cannot be meant"},
        {CANARY, "not a connection string for libpq"},
        {"password=" CANARY " x=" CANARY, "not a connection string for libpq"},
        {"password=x " CANARY "=1", "not a connection string for libpq"},
        {"password=x " CANARY, "not a connection string for libpq"},
        {"postgresql://u:%zz" CANARY "@a/b", "not a connection string for libpq"},
        {"postgresql://u:pw/x?" CANARY "=y@a", "not a connection string for libpq"},
        {"postgresql://u:" CANARY "@[::1/b", "not a connection string for libpq"},
        {"postgresql://[::1]x" CANARY, "not a connection string for libpq"},
        {"postgresql://a/b?=" CANARY, "not a connection string for libpq"},
        {"mysql://u:" CANARY "@a/b", "not a connection string for libpq"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_variable_refused("KOPPELING_DATABASE_URL", cases[i].value, cases[i].needle);
        assert_variable_refused("KOPPELING_LISTEN_URL", cases[i].value, "KOPPELING_LISTEN_URL");
    }
}

TEST(database_urls_that_are_meant_are_taken_as_they_are)
{
    static const char *const values[] = {
        "postgresql://u%40x:p%2Fw%40@a/b", "postgresql://u:p?w@a/b",
        "postgresql://u:pw@a:1,b:2/c",     "postgresql://u:pw@%2Fvar%2Frun/b",
        "postgresql://a/b?user=u@x",       "postgresql:///b",
        "host=/var/run,/tmp user=u@x",     "host=@abstract dbname=a@b",
        "postgresql://u@[::1]:5432/b"};

    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        AUTO(config) struct config config = {0};

        setenv("KOPPELING_DATABASE_URL", values[i], 1);
        assert_loads(&config, "");
        assert_string_equal(config.database_url, values[i]);
    }
    unsetenv("KOPPELING_DATABASE_URL");
}

TEST(a_wrong_secret_is_refused_without_showing_it)
{
    static const char *const values[] = {CANARY " ", " " CANARY, CANARY "\n", CANARY "\xC3\xA9",
                                         "a\x7F" CANARY};
    char long_value[5000];

    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        assert_variable_refused("KOPPELING_PARTNER_TOKEN", values[i], "KOPPELING_PARTNER_TOKEN");
        assert_variable_refused("KOPPELING_SECRET_KEY", values[i], "KOPPELING_SECRET_KEY");
    }
    memset(long_value, 'x', sizeof(long_value));
    long_value[sizeof(long_value) - 1] = '\0';
    assert_variable_refused("KOPPELING_PARTNER_TOKEN", long_value, "longer than 4096 bytes");
}

FIXTURE(.before_each = clear_environment)
