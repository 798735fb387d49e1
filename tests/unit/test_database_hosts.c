/* Which host of a connection string is asked when. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/database/hosts.h"

/* The last value of a keyword counts, as with libpq. */
static const char *value_of(const struct database_parameters *parameters, const char *keyword)
{
    const char *value = NULL;

    for (size_t i = 0; parameters->keywords[i] != NULL; i++) {
        if (strcmp(parameters->keywords[i], keyword) == 0) {
            value = parameters->values[i];
        }
    }
    return value;
}

static void assert_value(const struct database_parameters *parameters, const char *keyword,
                         const char *wanted)
{
    const char *value = value_of(parameters, keyword);

    if (wanted == NULL) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    assert_string_equal(value, wanted);
}

static void assert_current(const struct database_hosts *hosts, const char *host,
                           const char *address, const char *port)
{
    struct database_parameters parameters;

    database_hosts_fill(hosts, "tests", &parameters);
    assert_value(&parameters, "host", host);
    assert_value(&parameters, "hostaddr", address);
    assert_value(&parameters, "port", port);
    assert_value(&parameters, "fallback_application_name", "tests");
    assert_value(&parameters, "target_session_attrs", "read-write");
}

TEST(the_hosts_of_a_list_take_turns)
{
    static const char *const urls[] = {
        "postgresql://db1:5001,db2:5002,db3:5003/koppeling?target_session_attrs=read-write",
        "host=db1,db2,db3 port=5001,5002,5003 dbname=koppeling",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct database_hosts *hosts = database_hosts_new(urls[i]);

        assert_current(hosts, "db1", NULL, "5001");
        assert_true(database_hosts_next(hosts));
        assert_current(hosts, "db2", NULL, "5002");
        assert_true(database_hosts_next(hosts));
        assert_current(hosts, "db3", NULL, "5003");
        assert_false(database_hosts_next(hosts));
        assert_current(hosts, "db1", NULL, "5001");
        assert_true(database_hosts_next(hosts));
        database_hosts_free(hosts);
    }
}

TEST(each_has_its_turn_after_one_that_served)
{
    struct database_hosts *hosts = database_hosts_new("host=db1,db2,db3");

    assert_true(database_hosts_next(hosts));
    database_hosts_keep(hosts);
    assert_true(database_hosts_next(hosts));
    assert_current(hosts, "db3", NULL, NULL);
    assert_true(database_hosts_next(hosts));
    assert_false(database_hosts_next(hosts));
    assert_current(hosts, "db2", NULL, NULL);
    database_hosts_free(hosts);
}

TEST(one_port_is_for_all_hosts)
{
    struct database_hosts *hosts = database_hosts_new("host=db1,db2 port=6000");

    assert_current(hosts, "db1", NULL, "6000");
    assert_true(database_hosts_next(hosts));
    assert_current(hosts, "db2", NULL, "6000");
    database_hosts_free(hosts);
}

TEST(addresses_go_with_their_names)
{
    struct database_hosts *hosts =
        database_hosts_new("host=db1,db2 hostaddr=10.0.0.1,10.0.0.2 port=6000,6001");

    assert_true(database_hosts_next(hosts));
    assert_current(hosts, "db2", "10.0.0.2", "6001");
    database_hosts_free(hosts);
    hosts = database_hosts_new("hostaddr=10.0.0.1,10.0.0.2");
    assert_true(database_hosts_next(hosts));
    assert_current(hosts, NULL, "10.0.0.2", NULL);
    database_hosts_free(hosts);
}

/* One host, or what only libpq can judge, such as lists that do not fit together. */
TEST(what_is_no_list_is_left_to_libpq)
{
    static const char *const urls[] = {
        "host=db1 port=5432",     "koppeling",
        "dbname=koppeling",       "host=db1,,db3",
        "host=db1,db2,",          "host=db1,db2,db3 port=1,2",
        "host=db1,db2 hostaddr=", "host=db1,db2,db3 hostaddr=10.0.0.1,10.0.0.2",
        "host='unfinished",       "host=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct database_hosts *hosts = database_hosts_new(urls[i]);
        bool is_list = strcmp(urls[i], "host=db1,db2 hostaddr=") == 0;

        assert_int_equal(database_hosts_next(hosts), is_list);
        if (!is_list) {
            assert_current(hosts, NULL, NULL, NULL);
        }
        database_hosts_free(hosts);
    }
}

TEST(the_variables_of_libpq_count_too)
{
    setenv("PGHOST", "db1,db2", 1);
    setenv("PGPORT", "6000,6001", 1);
    static const char *const urls[] = {NULL, "dbname=koppeling"};
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct database_hosts *hosts = database_hosts_new(urls[i]);

        assert_true(database_hosts_next(hosts));
        assert_current(hosts, "db2", NULL, "6001");
        database_hosts_free(hosts);
    }
    struct database_hosts *hosts = database_hosts_new("host=elsewhere port=1");
    assert_false(database_hosts_next(hosts));
    database_hosts_free(hosts);
    unsetenv("PGHOST");
    unsetenv("PGPORT");
}

TEST(the_time_to_connect_is_bounded)
{
    static const struct {
        const char *url;
        int64_t seconds;
    } cases[] = {
        {"host=db1", 5},
        {"host=db1 connect_timeout=2", 2},
        {"postgresql://db1,db2/?connect_timeout=11", 11},
        {"host=db1 connect_timeout=0", 5},
        {"host=db1 connect_timeout=-3", 5},
        {"host=db1 connect_timeout=86400", 60},
        {"host=db1 connect_timeout=soon", 5},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct database_hosts *hosts = database_hosts_new(cases[i].url);

        assert_int_equal(database_hosts_timeout_us(hosts), cases[i].seconds * 1000000);
        database_hosts_free(hosts);
    }
}

TEST(hosts_that_refuse_are_all_named)
{
    struct database_hosts *hosts =
        database_hosts_new("host=/nonexistent/one,/nonexistent/two dbname=none user=none");
    struct error err = ERROR_INIT;
    PGconn *connection = NULL;

    assert_false(database_hosts_open(hosts, "tests", &connection, &err));
    assert_null(connection);
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "/nonexistent/one"));
    assert_non_null(strstr(err.text, "/nonexistent/two"));
    database_hosts_free(hosts);
}
