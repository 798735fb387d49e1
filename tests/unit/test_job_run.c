/* A run and its lists. */
#include "tests/unit/booking_helpers.h"

#include "common/memory.h"
#include "worker/engine/job_run.h"

static struct job_run_lists lists;

static struct job_run *some_run(int64_t id)
{
    struct queue_job job = {.id = id, .attempt = 1, .token = 9, .kind = "ping"};
    const struct job_run_parts parts = {.queue_job = &job, .kind = job_kind_find("ping")};

    return job_run_new(&parts, &lists);
}

static void check_list(enum job_run_state state, const int64_t *ids, int count)
{
    const struct job_run_list *list = &lists.of[state];
    const struct job_run *run = list->first;

    assert_int_equal(list->count, count);
    for (int i = 0; i < count; i++, run = run->next) {
        assert_int_equal(run->job.id, ids[i]);
        assert_int_equal(run->state, state);
        assert_ptr_equal(run->next != NULL ? run->next->previous : list->last, run);
    }
    assert_null(run);
}

static void free_all(void)
{
    for (int state = 0; state < JOB_RUN_STATES; state++) {
        while (lists.of[state].first != NULL) {
            job_run_free(lists.of[state].first);
        }
    }
}

TEST(a_run_is_on_the_list_of_its_state)
{
    struct job_run *first = some_run(1);
    struct job_run *second = some_run(2);

    job_run_set_state(first, JOB_RUN_READY);
    job_run_set_state(second, JOB_RUN_READY);
    check_list(JOB_RUN_READY, (const int64_t[]){1, 2}, 2);
    job_run_set_state(first, JOB_RUN_CALLING);
    check_list(JOB_RUN_READY, (const int64_t[]){2}, 1);
    check_list(JOB_RUN_CALLING, (const int64_t[]){1}, 1);
    check_list(JOB_RUN_STEPPING, NULL, 0);
    free_all();
    check_list(JOB_RUN_CALLING, NULL, 0);
}

TEST(one_can_leave_the_middle_of_a_list)
{
    struct job_run *runs[] = {some_run(1), some_run(2), some_run(3)};

    job_run_set_state(runs[1], JOB_RUN_CALLING);
    check_list(JOB_RUN_STEPPING, (const int64_t[]){1, 3}, 2);
    job_run_free(runs[0]);
    check_list(JOB_RUN_STEPPING, (const int64_t[]){3}, 1);
    free_all();
}

TEST(what_comes_back_from_a_flight_stands_before_what_waits)
{
    for (int64_t id = 1; id <= 4; id++) {
        job_run_set_state(some_run(id), JOB_RUN_PENDING);
    }
    job_run_set_state(lists.of[JOB_RUN_PENDING].first, JOB_RUN_SENT);
    job_run_set_state(lists.of[JOB_RUN_PENDING].first, JOB_RUN_SENT);
    check_list(JOB_RUN_SENT, (const int64_t[]){1, 2}, 2);
    job_run_set_state(lists.of[JOB_RUN_SENT].last, JOB_RUN_PENDING);
    job_run_set_state(lists.of[JOB_RUN_SENT].last, JOB_RUN_PENDING);
    check_list(JOB_RUN_PENDING, (const int64_t[]){1, 2, 3, 4}, 4);
    free_all();
}

TEST(a_job_that_ends_at_its_first_step_is_to_be_reported)
{
    struct job_run *run = some_run(1);

    job_run_step(run, NULL);
    check_list(JOB_RUN_PENDING, (const int64_t[]){1}, 1);
    assert_int_equal(run->end, STEP_DONE);
    assert_false(run->is_saving);
    free_all();
}

TEST(a_released_run_is_reported_without_an_outcome)
{
    struct job_run *run = some_run(1);

    job_run_set_state(run, JOB_RUN_READY);
    outcome_write(&run->outcome, "write_polled", json_pack("{s:i}", "seen", 1));
    assert_true(job_run_written_bytes(run) > 0);
    job_run_release(run);
    assert_true(run->is_released);
    assert_int_equal(job_run_written_bytes(run), 0);
    check_list(JOB_RUN_PENDING, (const int64_t[]){1}, 1);
    free_all();
}

#define ORDER                                                                                      \
    "\"order_number\":\"20411\",\"order_uuid\":\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101\","          \
    "\"open_statuses\":[1],\"shipped_status\":2"

/* A run of each kind that calls; the client id is that of an account. */
static struct job_run *calling_run(const char *kind, const char *client_id, const char *secret,
                                   const char *problem)
{
    static const char *const contexts[][2] = {
        {"poll", "{\"open_statuses\":[1],\"known\":\"\"}"},
        {"confirm_order", "{" ORDER "}"},
        {"mark_shipped", "{" ORDER ",\"label_environment\":\"production\"}"},
        {"create_shipment", SHIPMENT_CONTEXT},
        {"push_order",
         "{\"environment\":\"production\",\"external_id\":\"3b0f\",\"reference\":\"20411\","
         "\"created_at_source\":\"2026-11-20 19:42:07\",\"content_hash\":\"00ff\",\"to\":" RECEIVER
         ",\"lines\":[]}"},
        {"verify", "{\"shop_host\":\"winkel.myonline.store\",\"from_address\":" SENDER "}"},
    };
    struct queue_job job = {.id = 1, .attempt = 1, .token = 9, .kind = kind};

    job.client_id = client_id;
    for (size_t i = 0; i < ARRAY_LENGTH(contexts); i++) {
        if (strcmp(contexts[i][0], kind) == 0) {
            job.context = contexts[i][1];
        }
    }
    return job_run_new(
        &(struct job_run_parts){
            .queue_job = &job,
            .kind = job_kind_find(kind),
            .secret = xstrdup(secret),
            .token_problem = xstrdup(problem),
        },
        &lists);
}

/* Nothing is sent, and nothing is stored that says that it was. */
TEST(without_its_secret_an_attempt_ends_before_the_call)
{
    static const struct {
        const char *kind, *client_id, *secret, *problem;
        const char *error;
    } rows[] = {
        {"poll", NULL, NULL, "was sealed for another shop",
         "the token of the shop was sealed for another shop"},
        {"poll", NULL, NULL, NULL, "the token of the shop is missing"},
        {"verify", NULL, NULL, NULL, "the token of the shop is missing"},
        {"confirm_order", NULL, NULL, "cannot be opened", "the token of the shop cannot be opened"},
        {"mark_shipped", NULL, NULL, "cannot be opened", "the token of the shop cannot be opened"},
        {"create_shipment", "c", NULL, "cannot be opened",
         "the secret of the account cannot be opened"},
        {"create_shipment", NULL, "s", NULL, "the secret of the account is missing"},
        {"push_order", "c", NULL, "cannot be opened", "the secret of the account cannot be opened"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct job_run *run =
            calling_run(rows[i].kind, rows[i].client_id, rows[i].secret, rows[i].problem);

        job_run_step(run, NULL);
        assert_int_equal(run->state, JOB_RUN_PENDING);
        assert_false(run->is_saving);
        assert_int_equal(run->end, STEP_RETRY);
        assert_int_equal(run->outcome.error_class, ERROR_CLASS_AUTH);
        check_text(rows[i].kind, run->outcome.error, rows[i].error);
        assert_null(run->outcome.writes);
        free_all();
    }
}

TEST(with_its_secret_it_calls)
{
    static const char *const kinds[] = {"poll",       "confirm_order", "mark_shipped",
                                        "push_order", "verify",        "create_shipment"};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        struct job_run *run = calling_run(kinds[i], "c", "s", NULL);

        job_run_step(run, NULL);
        ROW_CHECK(kinds[i], run->state == (run->is_saving ? JOB_RUN_PENDING : JOB_RUN_READY));
        ROW_CHECK(kinds[i], run->is_saving == (strcmp(kinds[i], "create_shipment") == 0));
        assert_int_equal(run->outcome.error_class, ERROR_CLASS_OK);
        free_all();
    }
}
