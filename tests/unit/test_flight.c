/* A flight: its statements, what each of them said, and how it ended. */
#include "tests/unit/unit.h"

#include "worker/queue/flight.h"

static PGresult *some_result(ExecStatusType status)
{
    return PQmakeEmptyPGresult(NULL, status);
}

TEST(a_result_is_found_by_the_name_of_its_statement)
{
    struct flight flight = {.part_count = 0};
    PGresult *renewed = some_result(PGRES_TUPLES_OK);
    PGresult *claimed = some_result(PGRES_TUPLES_OK);

    flight_add(&flight, "worker_renew");
    flight_add(&flight, "queue_claim");
    assert_false(flight_take_result(&flight, 0, renewed));
    assert_false(flight_take_result(&flight, 1, claimed));
    assert_ptr_equal(flight_result(&flight, "worker_renew"), renewed);
    assert_ptr_equal(flight_result(&flight, "queue_claim"), claimed);
    assert_null(flight_result(&flight, "queue"));
    assert_null(flight_result(&flight, "queue_finish"));
    flight_clear(&flight);
    assert_null(flight_result(&flight, "worker_renew"));
}

TEST(a_statement_that_did_not_succeed_has_no_result)
{
    struct flight flight = {.part_count = 0};

    flight_add(&flight, "worker_renew");
    flight_add(&flight, "queue_claim");
    assert_false(flight_take_result(&flight, 0, some_result(PGRES_FATAL_ERROR)));
    assert_false(flight_take_result(&flight, 1, some_result(PGRES_PIPELINE_ABORTED)));
    assert_true(flight_take_result(&flight, 2, some_result(PGRES_PIPELINE_SYNC)));
    assert_int_equal(flight.status, FLIGHT_REFUSED);
    assert_int_equal(flight.failed_part, 0);
    assert_null(flight_result(&flight, "worker_renew"));
    assert_null(flight_result(&flight, "queue_claim"));
    flight_clear(&flight);
}

TEST(a_commit_that_is_refused_is_the_fault_of_no_statement)
{
    struct flight flight = {.part_count = 0};

    flight_add(&flight, "queue_finish");
    assert_false(flight_take_result(&flight, 0, some_result(PGRES_COMMAND_OK)));
    assert_false(flight_take_result(&flight, 1, some_result(PGRES_FATAL_ERROR)));
    assert_true(flight_take_result(&flight, 1, some_result(PGRES_PIPELINE_SYNC)));
    assert_int_equal(flight.status, FLIGHT_REFUSED);
    assert_int_equal(flight.failed_part, -1);
    flight_clear(&flight);
}
