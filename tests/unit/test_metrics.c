#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/memory.h"
#include "common/metrics.h"

static void assert_line(const char *text, const char *line)
{
    AUTO(free) char *wanted = xasprintf("\n%s\n", line);
    AUTO(free) char *all = xasprintf("\n%s", text);

    if (strstr(all, wanted) == NULL) {
        fail_msg("'%s' is not a line of:\n%s", line, text);
    }
}

static int times(const char *text, const char *needle)
{
    int count = 0;

    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

TEST(a_metric_appears_when_it_is_first_used)
{
    static struct metric metric = {
        .name = "test_first_total", .help = "First use.", .type = METRIC_COUNTER};
    AUTO(free) char *before = metrics_text();

    assert_null(strstr(before, "test_first_total"));
    metric_add(&metric, 0);
    AUTO(free) char *after = metrics_text();
    assert_line(after, "# HELP test_first_total First use.");
    assert_line(after, "# TYPE test_first_total counter");
    assert_line(after, "test_first_total 0");
}

TEST(values_are_added_set_and_printed_whole)
{
    static struct metric counter = {
        .name = "test_counter_total", .help = "c", .type = METRIC_COUNTER};
    static struct metric gauge = {.name = "test_gauge", .help = "g", .type = METRIC_GAUGE};
    static struct metric seconds = {
        .name = "test_seconds_total", .help = "s", .type = METRIC_COUNTER, .is_seconds = true};
    static struct metric least = {.name = "test_least", .help = "l", .type = METRIC_GAUGE};
    static struct metric negative = {
        .name = "test_negative", .help = "n", .type = METRIC_GAUGE, .is_seconds = true};

    metric_add(&counter, 2);
    metric_add(&counter, 40);
    metric_set(&gauge, 7);
    metric_set(&gauge, -5);
    metric_add(&seconds, 1500000);
    metric_add(&seconds, 42);
    metric_set(&least, INT64_MIN);
    metric_set(&negative, -1);

    AUTO(free) char *text = metrics_text();

    assert_line(text, "test_counter_total 42");
    assert_line(text, "test_gauge -5");
    assert_line(text, "# TYPE test_gauge gauge");
    assert_line(text, "test_seconds_total 1.500042");
    assert_line(text, "test_least -9223372036854775808");
    assert_line(text, "test_negative -0.000001");
}

TEST(metrics_of_one_name_stand_together_under_one_header)
{
    static struct metric metrics[] = {
        {.name = "test_jobs_total", .labels = "kind=\"poll\"", .help = "Jobs."},
        {.name = "test_jobs", .help = "Another name that starts alike."},
        {.name = "test_jobs_total", .labels = "kind=\"mark\"", .help = "Jobs."},
        {.name = "test_jobs_other_total", .help = "Something between."},
        {.name = "test_jobs_total", .labels = "", .help = "Jobs."},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        metric_add(&metrics[i], (int64_t)i);
    }

    AUTO(free) char *text = metrics_text();

    assert_int_equal(times(text, "# HELP test_jobs_total "), 1);
    assert_int_equal(times(text, "# TYPE test_jobs_total "), 1);
    assert_non_null(strstr(text, "# HELP test_jobs_total Jobs.\n# TYPE test_jobs_total counter\n"
                                 "test_jobs_total 4\ntest_jobs_total{kind=\"mark\"} 2\n"
                                 "test_jobs_total{kind=\"poll\"} 0\n"));
}

TEST(help_and_labels_cannot_break_a_line)
{
    static struct metric metric = {.name = "test_escaped_total",
                                   .labels = "path=\"a\\\\b\nc\"",
                                   .help = "back\\slash\nforged_total 1"};

    metric_add(&metric, 1);

    AUTO(free) char *text = metrics_text();

    assert_line(text, "# HELP test_escaped_total back\\\\slash\\nforged_total 1");
    assert_line(text, "test_escaped_total{path=\"a\\\\b\\nc\"} 1");
}

#define THREADS 4
#define ROUNDS  20000

#define SHARED(n) METRIC_OF("test_shared_total", "Counted by all.", "n", n)

static struct metric shared[8] = {SHARED("0"), SHARED("1"), SHARED("2"), SHARED("3"),
                                  SHARED("4"), SHARED("5"), SHARED("6"), SHARED("7")};

static void *count_up(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(&shared[i % 8], 1);
        if (i % 1000 == 0) {
            free(metrics_text());
        }
    }
    return context;
}

TEST(nothing_is_lost_when_threads_count_at_the_same_time)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }

    AUTO(free) char *text = metrics_text();

    assert_line(text, "# HELP test_shared_total Counted by all.");
    for (int i = 0; i < 8; i++) {
        AUTO(free)
        char *line = xasprintf("test_shared_total{n=\"%d\"} %d", i, THREADS * ROUNDS / 8);

        assert_line(text, line);
    }
}

/* Sends bytes to the server and reads until it closes or `enough` is there; in a static buffer. */
static const char *exchange(uint16_t port, const char *request, const char *enough)
{
    static char answer[65536];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    size_t length = 0;

    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof(address)), 0);
    /* The server may hang up before it has read all. */
    assert_true(send(connection, request, strlen(request), MSG_NOSIGNAL) > 0);
    answer[0] = '\0';
    while (enough == NULL || strstr(answer, enough) == NULL) {
        ssize_t got = read(connection, answer + length, sizeof(answer) - 1 - length);

        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        answer[length] = '\0';
    }
    close(connection);
    return answer;
}

static const char *ask(uint16_t port, const char *method, const char *path)
{
    AUTO(free)
    char *request =
        xasprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);

    return exchange(port, request, NULL);
}

/* What the ready callback says. */
static atomic_bool is_ready = true;

static bool say_ready(void *context, char *reason, size_t reason_size)
{
    assert_ptr_equal(context, &is_ready);
    if (atomic_load(&is_ready)) {
        return true;
    }
    snprintf(reason, reason_size, "the database is away");
    return false;
}

static struct metrics_server *start(const char *address)
{
    struct metrics_server *server = NULL;
    struct error err = ERROR_INIT;

    if (!metrics_server_start(address, say_ready, &is_ready, &server, &err)) {
        fail_msg("%s", err.text);
    }
    assert_true(metrics_server_port(server) != 0);
    return server;
}

TEST(the_server_answers_what_it_is_made_for_and_nothing_else)
{
    static const struct {
        const char *method, *path, *status, *body;
    } cases[] = {
        {"GET", "/live", "HTTP/1.1 200", "\r\n\r\nlive\n"},
        {"GET", "/ready", "HTTP/1.1 200", "\r\n\r\nready\n"},
        {"GET", "/metrics", "HTTP/1.1 200", "test_server_total 5\n"},
        {"GET", "/metrics?x=1", "HTTP/1.1 200", "test_server_total 5\n"},
        {"HEAD", "/live", "HTTP/1.1 200", "Content-Length: 5\r\n"},
        {"HEAD", "/metrics", "HTTP/1.1 200", "text/plain; version=0.0.4; charset=utf-8"},
        {"GET", "/", "HTTP/1.1 404", "/metrics, /live and /ready"},
        {"GET", "/../etc/passwd", "HTTP/1.1 404", ""},
        {"GET", "//metrics", "HTTP/1.1 404", ""},
        {"POST", "/", "HTTP/1.1 404", ""},
        {"POST", "/metrics", "HTTP/1.1 405", "Allow: GET, HEAD\r\n"},
        {"OPTIONS", "/live", "HTTP/1.1 405", ""},
        {"get", "/live", "HTTP/1.1 405", ""},
    };
    static struct metric metric = {.name = "test_server_total", .help = "s"};
    AUTO(metrics_server) struct metrics_server *server = start("127.0.0.1:0");

    metric_set(&metric, 5);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *answer = ask(metrics_server_port(server), cases[i].method, cases[i].path);

        assert_memory_equal(answer, cases[i].status, strlen(cases[i].status));
        assert_non_null(strstr(answer, cases[i].body));
        if (strcmp(cases[i].method, "HEAD") == 0) {
            assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
        }
    }
}

TEST(ready_says_why_not)
{
    AUTO(metrics_server) struct metrics_server *server = start("localhost:0");
    uint16_t port = metrics_server_port(server);

    const char *answer = NULL;

    atomic_store(&is_ready, false);
    answer = ask(port, "GET", "/ready");
    assert_memory_equal(answer, "HTTP/1.1 503", 12);
    assert_non_null(strstr(answer, "\r\n\r\nnot ready: the database is away\n"));
    assert_memory_equal(ask(port, "GET", "/live"), "HTTP/1.1 200", 12);
    atomic_store(&is_ready, true);
    assert_memory_equal(ask(port, "GET", "/ready"), "HTTP/1.1 200", 12);
}

TEST(hostile_requests_do_no_harm)
{
    AUTO(metrics_server) struct metrics_server *server = start("127.0.0.1:0");
    AUTO(free) char *long_request = xcalloc(100001, 1);
    uint16_t port = metrics_server_port(server);
    const char *const requests[] = {
        "\r\n\r\n",
        "\x16\x03\x01 this is TLS\r\n\r\n",
        "GET\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\nabc",
        "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\n\r\n",
        "POST /live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /%00/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        long_request,
    };

    memcpy(long_request, "GET /", 5);
    memset(long_request + 5, 'a', 99995);
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        /* Whether or not there is an answer, the next one is served. */
        exchange(port, requests[i], "");
        assert_memory_equal(ask(port, "GET", "/live"), "HTTP/1.1 200", 12);
    }
}

TEST(a_body_is_not_waited_for)
{
    AUTO(metrics_server) struct metrics_server *server = start("127.0.0.1:0");

    assert_memory_equal(exchange(metrics_server_port(server),
                                 "POST /metrics HTTP/1.1\r\nHost: x\r\n"
                                 "Content-Length: 999999999999\r\n\r\nabc",
                                 NULL),
                        "HTTP/1.1 405", 12);
}

TEST(a_connection_can_be_used_again)
{
    AUTO(metrics_server) struct metrics_server *server = start("127.0.0.1:0");
    const char *answer = exchange(metrics_server_port(server),
                                  "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n",
                                  "ready\n");

    assert_int_equal(times(answer, "HTTP/1.1 200"), 2);
}

TEST(all_addresses_means_ipv4_too_and_a_port_can_be_taken_again)
{
    AUTO(free) char *address = NULL;

    for (int round = 0; round < 3; round++) {
        AUTO(metrics_server)
        struct metrics_server *server = start(address != NULL ? address : ":0");

        assert_memory_equal(ask(metrics_server_port(server), "GET", "/live"), "HTTP/1.1 200", 12);
        free(address);
        address = xasprintf(":%u", metrics_server_port(server));
    }
}

TEST(an_address_that_cannot_be_had_is_refused_with_a_reason)
{
    AUTO(metrics_server) struct metrics_server *other = start("127.0.0.1:0");
    AUTO(free) char *taken = xasprintf("127.0.0.1:%u", metrics_server_port(other));
    const struct {
        const char *address;
        enum error_code code;
        const char *needle;
    } cases[] = {
        {"9187", ERROR_CONFIG, "not of the form host:port"},
        {"127.0.0.1:99999", ERROR_CONFIG, "from 0 to 65535"},
        {"[::1:1", ERROR_CONFIG, "must stand in brackets"},
        {"", ERROR_CONFIG, "not of the form host:port"},
        {"256.1.1.1.:0", ERROR_CONFIG, "cannot serve metrics on '256.1.1.1.:0'"},
        {"192.0.2.1:0", ERROR_SYSTEM, "Cannot assign requested address"},
        {taken, ERROR_SYSTEM, "Address already in use"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct metrics_server *server = NULL;
        struct error err = ERROR_INIT;

        assert_false(metrics_server_start(cases[i].address, NULL, NULL, &server, &err));
        assert_null(server);
        assert_int_equal(err.code, cases[i].code);
        if (strstr(err.text, cases[i].needle) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].needle, err.text);
        }
    }
    metrics_server_stop(NULL);
}
