/* A request that must not be sent after all: the database objects while it saves the intent. */
#include "tests/unit/booking_helpers.h"
#include "tests/unit/engine_helpers.h"

static struct engine_rig rig;

/* A job that is about to book, whose intent is in the flight that is out. */
static void start_booking(void)
{
    struct queue_job job = {
        .id = 7,
        .token = 9,
        .attempt = 1,
        .kind = "create_shipment",
        .context = SHIPMENT_CONTEXT,
        .shop_host = "shop.example",
        .client_id = "client",
    };

    rig_start(&rig, false);
    rig_claim(&rig, "ping", 1);
    assert_true(rig_send(&rig));
    rig_commit(&rig);
    job.sealed_secret = rig.sealed;
    runs_start(rig.runs, &job, rig.now_us);
    rig.now_us += 10000;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_owned", 0), "{7}");
    assert_non_null(strstr(rig_said(&rig, "write_sending", 0), "\"job\":7"));
}

/* What write_sending answers: rows of job and objection. */
static PGresult *objections(int rows, const char *const *values)
{
    static const char *const names[] = {"id", "objection", NULL};

    return rig_result(names, rows, values);
}

TEST(without_an_objection_the_request_is_sent)
{
    const char *const others[] = {"8", "the address of order 8 was erased"};

    start_booking();
    rig_answer(&rig, "write_sending", objections(1, others));
    rig_commit(&rig);
    assert_int_equal(rig_count(&rig, JOB_RUN_CALLING), 1);
    rig_stop(&rig);
}

TEST(an_objection_ends_the_job_with_its_words_and_nothing_is_sent)
{
    const char *const rows[] = {"8", "", "7", "order 5 was withdrawn (status_changed)"};

    start_booking();
    rig_answer(&rig, "write_sending", objections(2, rows));
    rig_commit(&rig);
    assert_int_equal(rig_count(&rig, JOB_RUN_CALLING) + rig_count(&rig, JOB_RUN_READY), 0);
    assert_int_equal(rig_count(&rig, JOB_RUN_PENDING), 1);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_fail", 0), "{7}");
    assert_non_null(strstr(rig_said(&rig, "queue_fail", 3),
                           "not booked: order 5 was withdrawn (status_changed)"));
    assert_non_null(strstr(rig_said(&rig, "write_shipment_failed", 0),
                           "\"reason\":\"not booked: order 5 was withdrawn (status_changed)\""));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

TEST(an_objection_without_words_hands_the_job_back)
{
    const char *const rows[] = {"7", ""};

    start_booking();
    rig_answer(&rig, "write_sending", objections(1, rows));
    rig_commit(&rig);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_release", 0), "{7}");
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

/* The rows were saved by somebody who is not us any more: what they objected to is not our affair.
 */
TEST(a_job_that_is_somebody_elses_is_given_up_whatever_was_objected)
{
    const char *const rows[] = {"7", "order 5 was withdrawn"};

    start_booking();
    rig_answer(&rig, "queue_owned", rig_id(7));
    rig_answer(&rig, "write_sending", objections(1, rows));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

TEST(a_job_whose_shop_is_held_is_handed_back_at_once)
{
    struct queue_job job = {.id = 7,
                            .token = 9,
                            .attempt = 1,
                            .kind = "create_shipment",
                            .context = SHIPMENT_CONTEXT,
                            .client_id = "client",
                            .is_held = true};

    rig_start(&rig, false);
    rig_claim(&rig, "ping", 1);
    assert_true(rig_send(&rig));
    rig_commit(&rig);
    runs_start(rig.runs, &job, rig.now_us);
    job.context = NULL; /* of which its kind makes nothing */
    job.id = 8;
    runs_start(rig.runs, &job, rig.now_us);
    rig.now_us += 10000;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_release", 0), "{7,8}");
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}
