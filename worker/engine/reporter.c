/* Batches of reports: sent, settled, refused. */
#include "worker/engine/reporter.h"

#include <stdio.h>

#include "common/log.h"
#include "worker/engine/quarantine.h"

/* Each try of something that was set aside may wait for a lock, and everybody with it. */
#define TRY_EVERY_US INT64_C(1000000)

void reporter_init(struct reporter *reporter, struct runs *runs)
{
    *reporter = (struct reporter){.runs = runs};
    bisection_init(&reporter->bisection);
}

static const struct job_run_list *list(const struct reporter *reporter, enum job_run_state state)
{
    return &runs_lists(reporter->runs)->of[state];
}

void reporter_prepare(struct reporter *reporter, int64_t now_us)
{
    reporter->span = (struct report_span){.first = 0};
    if (now_us >= reporter_due_us(reporter)) {
        reporter->try_at_us = now_us + TRY_EVERY_US;
        quarantine_recall(runs_lists(reporter->runs), now_us);
    }
}

bool reporter_is_doubtful(const struct reporter *reporter)
{
    const struct job_run *next = list(reporter, JOB_RUN_PENDING)->first;

    return next != NULL && (reporter->bisection.is_searching || next->is_suspect);
}

void reporter_add(struct reporter *reporter, struct flight *flight)
{
    reporter->span = report_add(runs_lists(reporter->runs), reporter->bisection.limit, flight);
}

/* `objection`: see report_objection(). */
static void settle(struct reporter *reporter, struct job_run *run, bool is_refused,
                   const char *objection, int64_t now_us)
{
    if (run->is_suspect) {
        run->is_suspect = false;
        run->aside_us = 0;
        quarantine_lift(runs_lists(reporter->runs), run);
    }
    if (is_refused) {
        runs_refuse(reporter->runs, run);
    } else if (objection != NULL) {
        runs_object(reporter->runs, run, objection, now_us);
    } else {
        runs_settle(reporter->runs, run, now_us);
    }
}

void reporter_settle(struct reporter *reporter, const struct flight *flight, int64_t now_us)
{
    const struct job_run_list *sent = list(reporter, JOB_RUN_SENT);
    struct report_verdict verdict;
    int refused = 0;

    report_read(flight, &verdict);
    while (sent->first != NULL) {
        struct job_run *run = sent->first;
        bool is_refused = report_is_refused(&verdict, run->job.id);
        const char *objection = run->is_saving ? report_objection(&verdict, run->job.id) : NULL;

        refused += is_refused ? 1 : 0;
        settle(reporter, run, is_refused, objection, now_us);
    }
    if (refused > 0) {
        LOG_WARNING(
            "results came too late and were refused: the jobs belong to somebody else by now",
            LOG_INT("jobs", refused));
    }
    if (reporter->span.end > reporter->span.first) {
        bisection_committed(&reporter->bisection, list(reporter, JOB_RUN_PENDING)->count == 0);
    }
}

/* The only report of the batch was refused for what it wants to store. Its job fails; when even
 * that is refused, it is forgotten. */
static enum reporter_refusal condemn(struct reporter *reporter, struct job_run *run,
                                     const struct flight *flight)
{
    char text[400];

    if (run->is_refused) {
        LOG_ERROR("the database refuses even the failure of a job; it is handed back later",
                  LOG_INT("job", run->job.id), LOG_TEXT("error", flight->error));
        runs_forget(reporter->runs, run);
        return REPORTER_LOST_ONE;
    }
    snprintf(text, sizeof(text),
             "the database refused what the job wants to store: %s (SQLSTATE %s)", flight->error,
             flight->sqlstate);
    run->is_refused = true;
    job_run_fail(run, ERROR_CLASS_UNREADABLE, text);
    return REPORTER_GOES_ON;
}

/* The only report of the batch changes a row on which somebody else holds a lock. */
static enum reporter_refusal set_aside(struct reporter *reporter, struct job_run *run,
                                       int64_t now_us)
{
    if (run->aside_us == 0) {
        LOG_WARNING(
            "somebody holds a lock on a row that a result changes: it waits, and is tried again",
            LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name));
    }
    quarantine_put(runs_lists(reporter->runs), run, now_us);
    return REPORTER_GOES_ON;
}

static bool is_for_a_report(const struct reporter *reporter, const struct flight *flight)
{
    return list(reporter, JOB_RUN_SENT)->count > 0 && flight->code != ERROR_UNAVAILABLE &&
           flight->failed_part >= reporter->span.first && flight->failed_part < reporter->span.end;
}

enum reporter_refusal reporter_refuse(struct reporter *reporter, const struct flight *flight,
                                      int64_t now_us)
{
    const struct job_run_list *sent = list(reporter, JOB_RUN_SENT);

    if (!is_for_a_report(reporter, flight)) {
        return REPORTER_IS_INNOCENT;
    }
    struct job_run *run = sent->first;
    bool is_alone = run->is_suspect || bisection_refused(&reporter->bisection, sent->count);
    if (!is_alone) {
        return REPORTER_GOES_ON;
    }
    return flight->code == ERROR_LOCKED ? set_aside(reporter, run, now_us)
                                        : condemn(reporter, run, flight);
}

int64_t reporter_due_us(const struct reporter *reporter)
{
    int64_t due = quarantine_due_us(runs_lists(reporter->runs));

    return due > reporter->try_at_us ? due : reporter->try_at_us;
}
