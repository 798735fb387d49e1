/* Bodies that are packed or in another character set. */
#include "tests/unit/unit.h"

#include <zlib.h>

#include "tests/unit/http_helpers.h"

#define LONG_ENOUGH_US (5 * INT64_C(1000000))

/* What zlib calls its ways of packing. */
#define GZIP        (15 + 16)
#define DEFLATE     15
#define RAW_DEFLATE (-15)

/* Appends `count` times the text, packed. */
static void pack(struct buffer *packed, int way, const char *text, size_t count)
{
    z_stream stream = {.zalloc = NULL};
    unsigned char piece[65536];
    int end = Z_OK;

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, way, 9, Z_DEFAULT_STRATEGY), Z_OK);
    for (size_t i = 0; i < count; i++) {
        stream.next_in = without_const(text);
        stream.avail_in = (unsigned)strlen(text);
        do {
            stream.next_out = piece;
            stream.avail_out = sizeof(piece);
            end = deflate(&stream, i + 1 < count ? Z_NO_FLUSH : Z_FINISH);
            assert_true(buffer_append(packed, piece, sizeof(piece) - stream.avail_out));
        } while (stream.avail_in > 0 || (i + 1 == count && end != Z_STREAM_END));
    }
    deflateEnd(&stream);
}

/* What a body is told as that was sent with these headers. */
static void ask(const char *headers, const struct buffer *body, struct result *result)
{
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask_bytes(&rig, headers, body, result);
    http_rig_stop(&rig);
}

TEST(gzip_and_deflate_are_asked_for)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", &result);
    assert_non_null(strstr(rig.peer.heard.bytes, "\r\nAccept-Encoding: gzip, deflate\r\n"));
    http_rig_stop(&rig);
}

TEST(what_is_packed_is_unpacked)
{
    static const struct {
        const char *headers;
        int way;
    } rows[] = {
        {"Content-Encoding: gzip\r\n", GZIP},
        {"content-encoding: X-GZIP\r\n", GZIP},
        {"Content-Encoding: deflate\r\n", DEFLATE},
        {"Content-Encoding: deflate\r\n", RAW_DEFLATE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(result) struct result result = {.times = 0};
        AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

        pack(&body, rows[i].way, "[1,2,3]", 1);
        ask(rows[i].headers, &body, &result);
        assert_int_equal(result.answer.transport, ERROR_CLASS_OK);
        assert_string_equal(result.body, "[1,2,3]");
        assert_int_equal(result.answer.length, 7);
    }
}

/* The bytes that come out count, not those that went over the wire. */
TEST(a_packed_body_has_at_most_16_mib_when_it_is_unpacked)
{
    static const char line[] = "                                                               \n";
    AUTO(result) struct result fits = {.times = 0};
    AUTO(result) struct result bomb = {.times = 0};
    AUTO(buffer) struct buffer large = BUFFER_INIT(1U << 20);
    AUTO(buffer) struct buffer larger = BUFFER_INIT(1U << 20);

    pack(&large, GZIP, line, (16U << 20) / (sizeof(line) - 1));
    pack(&larger, GZIP, line, (64U << 20) / (sizeof(line) - 1));
    ask("Content-Encoding: gzip\r\n", &large, &fits);
    assert_int_equal(fits.answer.transport, ERROR_CLASS_OK);
    assert_int_equal(fits.answer.length, 16U << 20);
    ask("Content-Encoding: gzip\r\n", &larger, &bomb);
    assert_int_equal(bomb.answer.transport, ERROR_CLASS_UNREADABLE);
    assert_string_equal(bomb.trouble, "the answer is larger than 16 MiB");
}

TEST(what_cannot_be_unpacked_is_named)
{
    static const char *const rows[][2] = {
        {"Content-Encoding: gzip\r\n", "the answer is called gzip and cannot be unpacked"},
        {"Content-Encoding: deflate\r\n", "the answer is called deflate and cannot be unpacked"},
        {"Content-Encoding: rot13\r\n", "the answer is packed in a way that is not known"},
        {"Content-Encoding: br\r\n", "the answer is packed with brotli, which was not asked for"},
        {"Content-Encoding: gzip, gzip\r\n", "the answer is packed in a way that is not known"},
        {"Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n",
         "the answer is packed in a way that is not known"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(result) struct result result = {.times = 0};
        AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

        assert_true(buffer_append_text(&body, "[\"not packed at all\"]"));
        ask(rows[i][0], &body, &result);
        assert_int_equal(result.answer.transport, ERROR_CLASS_UNREADABLE);
        assert_int_equal(result.answer.status, 0);
        assert_string_equal(result.trouble, rows[i][1]);
    }
}

TEST(a_header_may_say_that_nothing_is_packed)
{
    static const char *const rows[] = {"Content-Encoding: identity\r\n", "Content-Encoding: \r\n"};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(result) struct result result = {.times = 0};
        AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

        assert_true(buffer_append_text(&body, "[1]"));
        ask(rows[i], &body, &result);
        assert_string_equal(result.body, "[1]");
    }
}

TEST(packed_bytes_that_nobody_speaks_of_are_given_as_they_are)
{
    AUTO(result) struct result result = {.times = 0};
    AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

    pack(&body, GZIP, "[1,2,3]", 1);
    ask("", &body, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_OK);
    assert_int_equal(result.answer.length, body.length);
    assert_memory_equal(result.body, "\x1F\x8B", 2);
}

TEST(latin_1_is_told_as_utf8)
{
    static const struct {
        const char *headers;
        const char *bytes;
        const char *text;
    } rows[] = {
        {"Content-Type: application/json; charset=ISO-8859-1\r\n", "[\"Caf\xE9\"]",
         "[\"Caf\xC3\xA9\"]"},
        {"Content-Type: application/json; charset=ISO-8859-1\r\n", "[\"Caf\xC3\xA9\"]",
         "[\"Caf\xC3\xA9\"]"},
        {"Content-Type: application/json\r\n", "[\"Caf\xE9\"]", "[\"Caf\xE9\"]"},
        {"", "[\"Caf\xE9\"]", "[\"Caf\xE9\"]"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(result) struct result result = {.times = 0};
        AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

        assert_true(buffer_append_text(&body, rows[i].bytes));
        ask(rows[i].headers, &body, &result);
        assert_string_equal(result.body, rows[i].text);
        assert_int_equal(result.answer.length, strlen(rows[i].text));
    }
}

TEST(packed_latin_1_is_both)
{
    AUTO(result) struct result result = {.times = 0};
    AUTO(buffer) struct buffer body = BUFFER_INIT(1000);

    pack(&body, GZIP, "[\"Caf\xE9\"]", 1);
    ask("Content-Encoding: gzip\r\nContent-Type: text/json; charset=latin1\r\n", &body, &result);
    assert_string_equal(result.body, "[\"Caf\xC3\xA9\"]");
}

/* The peer says so and then waits: nobody reads what will not be taken. */
TEST(a_body_that_is_announced_too_large_is_refused_at_its_first_byte)
{
    static const struct {
        const char *status;
        bool wants_pdf;
        size_t length;
        bool is_too_large;
    } rows[] = {
        {"200 OK", false, ((size_t)16 << 20) + 1, true},
        {"200 OK", true, ((size_t)20 << 20) + 1, true},
        {"503 Service Unavailable", false, (size_t)100 << 20, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(result) struct result result = {.times = 0};
        struct http_request request = some_request();
        struct http_rig rig;
        char head[200];

        request.wants_pdf = rows[i].wants_pdf;
        snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%%", rows[i].status,
                 rows[i].length);
        http_rig_start(&rig, 4 * LONG_ENOUGH_US);
        http_rig_send(&rig, &request, &result);
        http_rig_accept(&rig);
        http_rig_hear(&rig, "\r\n\r\n");
        scripted_peer_say(&rig.peer, head);
        http_rig_await(&rig, &result);
        http_rig_stop(&rig);
        assert_true(result.answer.transport == ERROR_CLASS_UNREADABLE);
        assert_true(result.answer.is_too_large == rows[i].is_too_large);
    }
}
