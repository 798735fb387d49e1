/* A pipeline and the scripted server that it talks to. The clock is a number that the tests move.
 */
#ifndef TESTS_UNIT_PIPELINE_HELPERS_H
#define TESTS_UNIT_PIPELINE_HELPERS_H

#include "tests/unit/scripted_postgres.h"

#include <stdio.h>

#include "common/log.h"
#include "common/memory.h"
#include "worker/queue/pipeline.h"

#define SECOND_US INT64_C(1000000)
#define ANSWER_US (30 * SECOND_US) /* what a server may take for an answer */

struct rig {
    struct scripted_peer peer;
    struct scripted_peer second; /* of a list of two hosts */
    char url[200];
    struct pipeline *pipeline;
    int64_t now_us;
};

static const char *const prepared_statements[] = {"worker_renew", "queue_finish", NULL};

/* The first host of `hosts` is `peer`, the other one `second`. */
static inline void rig_start_with(struct rig *rig, enum config_prepare prepare, const char *hosts,
                                  const char *options)
{
    char ports[20];

    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT); /* lost connections are the subject here */
    *rig = (struct rig){.now_us = 1000 * SECOND_US};
    scripted_peer_open(&rig->peer);
    scripted_peer_open(&rig->second);
    if (strchr(hosts, ',') != NULL) {
        snprintf(ports, sizeof(ports), "%d,%d", rig->peer.port, rig->second.port);
    } else {
        snprintf(ports, sizeof(ports), "%d", rig->peer.port);
    }
    snprintf(rig->url, sizeof(rig->url), "host=%s port=%s user=u dbname=d gssencmode=disable %s",
             hosts, ports, options);
    rig->pipeline = pipeline_new(rig->url, "tests", prepare, prepared_statements);
}

static inline void rig_start(struct rig *rig, enum config_prepare prepare)
{
    rig_start_with(rig, prepare, "127.0.0.1", "sslmode=disable");
}

static inline void rig_start_list(struct rig *rig)
{
    rig_start_with(rig, CONFIG_PREPARE_AUTO, "127.0.0.1,127.0.0.1",
                   "sslmode=disable connect_timeout=3");
}

static inline void rig_stop(struct rig *rig)
{
    pipeline_free(rig->pipeline);
    scripted_peer_close(&rig->peer);
    scripted_peer_close(&rig->second);
}

/* Waits until the socket is ready for what the pipeline waits for, and lets it go on. */
static inline enum pipeline_event rig_go_on(struct rig *rig)
{
    struct pollfd wanted = {
        .fd = pipeline_socket(rig->pipeline),
        .events = (short)pipeline_events(rig->pipeline), /* EPOLLIN is POLLIN, and so on */
    };

    assert_int_equal(poll(&wanted, 1, PEER_PATIENCE_MS), 1);
    return pipeline_advance(rig->pipeline, rig->now_us);
}

/* Goes on until something happens; what comes may come in bits. */
static inline void rig_expect(struct rig *rig, enum pipeline_event wanted)
{
    enum pipeline_event event = PIPELINE_NOTHING;

    while (event == PIPELINE_NOTHING) {
        event = rig_go_on(rig);
    }
    assert_int_equal(event, wanted);
}

/* Goes on until the server has something to hear. */
static inline void rig_go_on_until_heard(struct rig *rig, const struct scripted_peer *peer)
{
    do {
        assert_int_equal(rig_go_on(rig), PIPELINE_NOTHING);
    } while (!scripted_peer_waits(peer->socket, 0));
}

/* Starts connecting to a server that is there, which lets it in. */
static inline void rig_knock(struct rig *rig, struct scripted_peer *peer)
{
    assert_int_equal(pipeline_advance(rig->pipeline, rig->now_us), PIPELINE_NOTHING);
    scripted_peer_accept(peer);
    rig_go_on_until_heard(rig, peer);
    assert_int_equal(postgres_hear_greeting(peer), 3 << 16);
}

/* Logs in; the pipeline asks whose process it talks to. */
static inline void rig_reach_probing(struct rig *rig, struct scripted_peer *peer)
{
    struct buffer script = SCRIPT_INIT;

    rig_knock(rig, peer);
    script_welcome(&script, false);
    postgres_say(peer, &script);
    rig_go_on_until_heard(rig, peer);
    postgres_hear(peer, "Q");
}

static inline void say_pid(struct scripted_peer *peer, int pid)
{
    struct buffer script = SCRIPT_INIT;
    char text[20];

    snprintf(text, sizeof(text), "%d", pid);
    script_rows(&script, "pg_backend_pid", text);
    script_complete(&script, "SELECT 1");
    script_ready(&script);
    postgres_say(peer, &script);
}

static inline void rig_reach_tuning(struct rig *rig, struct scripted_peer *peer)
{
    rig_reach_probing(rig, peer);
    say_pid(peer, SERVER_PID);
    rig_go_on_until_heard(rig, peer);
    postgres_hear(peer, "Q");
}

static inline void rig_reach_preparing(struct rig *rig, struct scripted_peer *peer)
{
    struct buffer script = SCRIPT_INIT;

    rig_reach_tuning(rig, peer);
    script_complete(&script, "SET");
    script_complete(&script, "SET");
    script_ready(&script);
    postgres_say(peer, &script);
    rig_go_on_until_heard(rig, peer);
    postgres_hear(peer, "PBDEPPS"); /* the settings of the session, then the statements */
}

/* That the session is set and all statements were prepared. */
static inline void script_prepared(struct buffer *script)
{
    script_statement(script, false, "on");
    for (size_t i = 0; prepared_statements[i] != NULL; i++) {
        script_message(script, '1', "", 0);
    }
    script_ready(script);
}

static inline void rig_reach_ready(struct rig *rig, struct scripted_peer *peer)
{
    struct buffer script = SCRIPT_INIT;

    rig_reach_preparing(rig, peer);
    script_prepared(&script);
    postgres_say(peer, &script);
    rig_expect(rig, PIPELINE_CONNECTED);
    assert_true(pipeline_is_ready(rig->pipeline));
}

/* A failed try is followed by the next one after a wait that is between half of this and this. */
static inline void rig_expect_wait(struct rig *rig, int64_t longest_us)
{
    int64_t wait_us = pipeline_deadline_us(rig->pipeline) - rig->now_us;

    assert_int_equal(pipeline_socket(rig->pipeline), -1);
    assert_in_range(wait_us, longest_us / 2, longest_us);
    assert_int_equal(pipeline_advance(rig->pipeline, rig->now_us + wait_us - 1), PIPELINE_NOTHING);
    assert_int_equal(pipeline_socket(rig->pipeline), -1);
    rig->now_us += wait_us;
}

/* After this long nothing has come. */
static inline void rig_expect_silence_is_given_up(struct rig *rig, int64_t patience_us)
{
    assert_int_equal(pipeline_deadline_us(rig->pipeline), rig->now_us + patience_us);
    rig->now_us += patience_us;
    assert_int_equal(pipeline_advance(rig->pipeline, rig->now_us - 1), PIPELINE_NOTHING);
    assert_int_equal(pipeline_advance(rig->pipeline, rig->now_us), PIPELINE_LOST);
}

#endif
