/* The statements of a lease. */
#include "worker/engine/membership.h"

#include "worker/queue/pg_array.h"

void membership_add_register(struct flight *flight, const struct lease *lease,
                             const struct identity *identity, int thread)
{
    struct flight_part *part = flight_add(flight, "worker_register");

    flight_parameter_text(part, identity->host);
    flight_parameter_text(part, identity->host_key);
    flight_parameter_integer(part, identity->pid);
    flight_parameter_integer(part, identity->pid_started);
    flight_parameter_integer(part, thread);
    flight_parameter_text(part, KOPPELING_VERSION);
    flight_parameter_integer(part, lease->length_us / 1000);
}

void membership_add_renew(struct flight *flight, const struct lease *lease, int held,
                          bool is_stopping)
{
    struct flight_part *part = flight_add(flight, "worker_renew");

    flight_parameter_integer(part, lease->worker_id);
    flight_parameter_integer(part, lease->length_us / 1000);
    flight_parameter_integer(part, held);
    flight_parameter_boolean(part, is_stopping);
}

/* The jobs of a claim share its token, so there are far fewer tokens than jobs. */
static void append_tokens(struct pg_array *tokens, const struct job_run_list *list)
{
    int64_t last = 0;

    for (const struct job_run *run = list->first; run != NULL; run = run->next) {
        if (run->token != last) {
            pg_array_integer(tokens, run->token);
        }
        last = run->token;
    }
}

void membership_add_disown(struct flight *flight, const struct lease *lease,
                           const struct job_run_lists *lists)
{
    struct flight_part *part = flight_add(flight, "queue_disown");
    struct pg_array tokens;

    pg_array_init(&tokens);
    for (int state = 0; state < JOB_RUN_STATES; state++) {
        append_tokens(&tokens, &lists->of[state]);
    }
    flight_parameter_integer(part, lease->worker_id);
    flight_parameter_take(part, pg_array_steal(&tokens));
}

void membership_add_goodbye(struct flight *flight, const struct lease *lease)
{
    flight_parameter_integer(flight_add(flight, "worker_goodbye"), lease->worker_id);
}
