/*
 * A server that speaks PostgreSQL's protocol 3.0 as the test tells it: what it hears is named by
 * the types of its messages ("BDES"), what it says is put together message by message and sent at
 * once, or bit by bit.
 */
#ifndef TESTS_UNIT_SCRIPTED_POSTGRES_H
#define TESTS_UNIT_SCRIPTED_POSTGRES_H

#include "tests/unit/scripted_peer.h"

#define SERVER_PID 4711

/* Words to be said. A zeroed limit would hold nothing, so start with SCRIPT_INIT. */
#define SCRIPT_INIT BUFFER_INIT(1U << 20)

static inline void script_bytes(struct buffer *script, const void *bytes, size_t length)
{
    assert_true(buffer_append(script, bytes, length));
}

static inline void script_number(struct buffer *script, uint32_t number)
{
    uint32_t in_network_order = htonl(number);

    script_bytes(script, &in_network_order, sizeof(in_network_order));
}

static inline void script_short(struct buffer *script, uint16_t number)
{
    uint16_t in_network_order = htons(number);

    script_bytes(script, &in_network_order, sizeof(in_network_order));
}

/* A string with its zero. */
static inline void script_text(struct buffer *script, const char *text)
{
    script_bytes(script, text, strlen(text) + 1);
}

static inline void script_message(struct buffer *script, char type, const void *payload,
                                  size_t length)
{
    script_bytes(script, &type, 1);
    script_number(script, (uint32_t)length + 4);
    script_bytes(script, payload, length);
}

static inline void script_payload(struct buffer *script, char type, struct buffer *payload)
{
    script_message(script, type, payload->bytes, payload->length);
    buffer_release(payload);
}

static inline void script_parameter(struct buffer *script, const char *name, const char *value)
{
    struct buffer payload = SCRIPT_INIT;

    script_text(&payload, name);
    script_text(&payload, value);
    script_payload(script, 'S', &payload);
}

/* AuthenticationOk, what the client wants to know, BackendKeyData, ReadyForQuery. */
static inline void script_welcome(struct buffer *script, bool is_standby)
{
    struct buffer key = SCRIPT_INIT;

    script_message(script, 'R', "\0\0\0\0", 4);
    script_parameter(script, "server_version", "15.6");
    script_parameter(script, "client_encoding", "UTF8");
    script_parameter(script, "default_transaction_read_only", "off");
    script_parameter(script, "in_hot_standby", is_standby ? "on" : "off");
    script_number(&key, SERVER_PID);
    script_number(&key, 1);
    script_payload(script, 'K', &key);
    script_message(script, 'Z', "I", 1);
}

/* RowDescription of one column, and DataRow with a text for each row. */
static inline void script_rows(struct buffer *script, const char *column, const char *value)
{
    struct buffer description = SCRIPT_INIT;
    struct buffer row = SCRIPT_INIT;

    script_short(&description, 1);
    script_text(&description, column);
    script_number(&description, 0);  /* of no table */
    script_short(&description, 0);   /* nor column of one */
    script_number(&description, 20); /* int8 */
    script_short(&description, 8);
    script_number(&description, UINT32_MAX); /* no type modifier */
    script_short(&description, 0);           /* as text */
    script_payload(script, 'T', &description);
    if (value != NULL) {
        script_short(&row, 1);
        script_number(&row, (uint32_t)strlen(value));
        script_bytes(&row, value, strlen(value));
        script_payload(script, 'D', &row);
    }
}

static inline void script_complete(struct buffer *script, const char *tag)
{
    script_message(script, 'C', tag, strlen(tag) + 1);
}

static inline void script_ready(struct buffer *script)
{
    script_message(script, 'Z', "I", 1);
}

/* ErrorResponse ('E') or NoticeResponse ('N'); `function` may be NULL. */
static inline void script_trouble(struct buffer *script, char type, const char *sqlstate,
                                  const char *message, const char *function)
{
    const struct {
        char field;
        const char *value;
    } fields[] = {{'S', type == 'E' ? "ERROR" : "WARNING"},
                  {'V', type == 'E' ? "ERROR" : "WARNING"},
                  {'C', sqlstate},
                  {'M', message},
                  {'R', function}};
    struct buffer payload = SCRIPT_INIT;

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (fields[i].value != NULL) {
            script_bytes(&payload, &fields[i].field, 1);
            script_text(&payload, fields[i].value);
        }
    }
    script_bytes(&payload, "", 1);
    script_payload(script, type, &payload);
}

/* What a statement of a flight is answered with: that it was parsed (unless it was prepared before)
 * and bound, and its one number, or that it returns nothing. */
static inline void script_statement(struct buffer *script, bool is_prepared, const char *value)
{
    if (!is_prepared) {
        script_message(script, '1', "", 0);
    }
    script_message(script, '2', "", 0);
    if (value != NULL) {
        script_rows(script, "id", value);
        script_complete(script, "SELECT 1");
    } else {
        script_message(script, 'n', "", 0);
        script_complete(script, "UPDATE 0");
    }
}

/* Says the script and forgets it. */
static inline void postgres_say(struct scripted_peer *peer, struct buffer *script)
{
    scripted_peer_say_bytes(peer, script->bytes, script->length);
    buffer_release(script);
}

/* The length of the message at `at` of what was heard, type included; 0 when it is not whole. The
 * first one, of whoever comes, has no type. */
static inline size_t postgres_message_length(const struct scripted_peer *peer, size_t at,
                                             size_t type_length)
{
    uint32_t length = 0;

    if (peer->heard.length < at + type_length + sizeof(length)) {
        return 0;
    }
    memcpy(&length, peer->heard.bytes + at + type_length, sizeof(length));
    length = ntohl(length);
    return peer->heard.length >= at + type_length + length ? type_length + length : 0;
}

/* Hears until a message without a type has come (a greeting), whose code it returns. */
static inline uint32_t postgres_hear_greeting(struct scripted_peer *peer)
{
    uint32_t code = 0;

    while (postgres_message_length(peer, 0, 0) == 0) {
        assert_true(scripted_peer_waits(peer->socket, PEER_PATIENCE_MS));
        assert_true(scripted_peer_hear(peer));
    }
    memcpy(&code, peer->heard.bytes + 4, sizeof(code));
    buffer_clear(&peer->heard);
    return ntohl(code);
}

/* Hears until as many messages have come as there are types named, and expects those types. */
static inline void postgres_hear(struct scripted_peer *peer, const char *types)
{
    char heard[64] = "";
    size_t count = 0;
    size_t at = 0;

    while (count < strlen(types)) {
        size_t length = postgres_message_length(peer, at, 1);

        if (length > 0) {
            heard[count++] = peer->heard.bytes[at];
            at += length;
        } else {
            assert_true(scripted_peer_waits(peer->socket, PEER_PATIENCE_MS));
            assert_true(scripted_peer_hear(peer));
        }
    }
    assert_string_equal(heard, types);
    assert_int_equal(at, peer->heard.length); /* and nothing else */
    buffer_clear(&peer->heard);
}

#endif
