/* What the rows of finished runs become: the parameters of a flight's statements. */
#include "tests/unit/engine_helpers.h"

static struct engine_rig rig;

/* Runs of three jobs, 1 to 3, that are finished and wrote nothing yet. */
static struct job_run_lists *start(void)
{
    rig_start(&rig, false);
    rig_claim(&rig, "ping", 3);
    assert_int_equal(rig_count(&rig, JOB_RUN_PENDING), 3);
    return runs_lists(rig.runs);
}

/* The run at `place`, from 0, writes a row with a document. */
static void write_with(struct job_run_lists *lists, int place, const char *document)
{
    struct job_run *run = lists->of[JOB_RUN_PENDING].first;

    for (int i = 0; i < place; i++) {
        run = run->next;
    }
    outcome_write_row(&run->outcome, &(struct row_write){
                                         .statement = "write_orders",
                                         .json = xstrdup("{\"n\":1}"),
                                         .length = 7,
                                         .document = xstrdup(document),
                                         .document_length = strlen(document),
                                     });
}

TEST(documents_come_beside_the_rows_in_their_order)
{
    struct job_run_lists *lists = start();

    write_with(lists, 1, "{\"of\":2}");
    write_with(lists, 0, "[1]");
    write_with(lists, 2, "null");
    assert_true(rig_send(&rig));

    AUTO(free) char *rows = xstrdup(rig_said(&rig, "write_orders", 0));
    char *third = strstr(rows, "{\"job\":3,");

    assert_non_null(third);
    assert_non_null(strstr(rows, "[{\"job\":1,"));
    assert_true(strstr(rows, "{\"job\":2,") < third);
    assert_string_equal(rig_said(&rig, "write_orders", 1), "[1]\x1e{\"of\":2}\x1enull");
    rig_stop(&rig);
}

TEST(a_sign_within_a_document_gives_no_order_the_document_of_another)
{
    struct job_run_lists *lists = start();

    write_with(lists, 0, "\"a\x1e\x1e\"");
    write_with(lists, 1, "\"b\"");
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "write_orders", 1), "\"a??\"\x1e\"b\"");
    rig_stop(&rig);
}

TEST(rows_without_documents_are_the_only_parameter)
{
    struct job_run_lists *lists = start();

    outcome_write(&lists->of[JOB_RUN_PENDING].first->outcome, "write_polled",
                  json_pack("{s:i}", "n", 1));
    assert_true(rig_send(&rig));
    for (int i = 0; i < rig.flight->part_count; i++) {
        if (strcmp(rig.flight->parts[i].query, "write_polled") == 0) {
            assert_int_equal(rig.flight->parts[i].parameter_count, 1);
        }
    }
    assert_true(flight_has(rig.flight, "write_polled"));
    rig_stop(&rig);
}
