/* The steps, the patience and the most connections of an API. */
#include "worker/calls/gate.h"

/* So many calls on a connection show that it takes several at a time. */
enum { SHARED = 4 };

enum { STEP_MOST = 64, PATIENCE_MOST = 8 };

#define PATIENCE_US INT64_C(500000)
#define PAUSE_US    INT64_C(5000)

void gate_init(struct gate *gate, bool is_open, int most)
{
    *gate = (struct gate){.is_open = is_open, .most = most, .step = 1};
}

/* How many more may look, since nobody has got through for so long. */
static int64_t patience(const struct gate *gate, int64_t now_us)
{
    int64_t more =
        gate->looking + gate->greeting > 0 ? (now_us - gate->passed_us) / PATIENCE_US : 0;

    return more < PATIENCE_MOST ? more : PATIENCE_MOST;
}

/* What is full has room when somebody leaves; if nobody is there, there is room. */
static bool is_full(const struct gate *gate)
{
    return gate->is_full && gate->looking + gate->calling > 0;
}

/* How many may look without patience. */
static int step(const struct gate *gate)
{
    return gate->greeting == gate->silent ? gate->step : 0;
}

bool gate_lets_in(const struct gate *gate, int64_t now_us)
{
    return gate->is_open || (!is_full(gate) && now_us >= gate->paused_us &&
                             gate->looking - gate->stuck < step(gate) + patience(gate, now_us));
}

int64_t gate_opens_at_us(const struct gate *gate, int64_t now_us)
{
    if (gate_lets_in(gate, now_us)) {
        return now_us;
    }
    int64_t more = gate->looking - gate->stuck - step(gate) + 1;
    if (is_full(gate) || more > PATIENCE_MOST) {
        return INT64_MAX;
    }
    int64_t opens_us = more > 0 ? gate->passed_us + more * PATIENCE_US : now_us;
    return opens_us > gate->paused_us ? opens_us : gate->paused_us;
}

void gate_look(struct gate *gate, int64_t now_us)
{
    if (gate->looking + gate->greeting == 0) {
        gate->passed_us = now_us;
    }
    gate->looking++;
}

static void widen(struct gate *gate)
{
    gate->step = gate->step < STEP_MOST ? gate->step * 2 : STEP_MOST;
}

static void look_no_more(struct gate *gate)
{
    gate->looking--;
    gate->stuck = gate->stuck < gate->looking ? gate->stuck : gate->looking;
}

void gate_pass(struct gate *gate, bool is_opened, int64_t now_us)
{
    look_no_more(gate);
    gate->calling++;
    if (now_us - gate->passed_us >= PATIENCE_US) {
        gate->stuck = gate->looking;
        gate->silent = gate->greeting;
    }
    gate->passed_us = now_us;
    if (gate->calling >= SHARED * gate->connections) {
        gate->step = 1;
    } else if (is_opened) {
        widen(gate);
    }
}

void gate_fail(struct gate *gate)
{
    look_no_more(gate);
    widen(gate);
}

void gate_refuse(struct gate *gate)
{
    look_no_more(gate);
    gate->is_full = true;
}

void gate_give_up(struct gate *gate)
{
    look_no_more(gate);
}

void gate_await_greeting(struct gate *gate)
{
    gate->greeting++;
}

void gate_greet(struct gate *gate)
{
    gate->greeting--;
    gate->silent = gate->silent < gate->greeting ? gate->silent : gate->greeting;
}

void gate_end(struct gate *gate)
{
    gate->calling--;
    gate->is_full = false;
}

bool gate_connect(struct gate *gate)
{
    if (!gate->is_open && gate->connections >= gate->most) {
        return false;
    }
    gate->connections++;
    return true;
}

void gate_pause(struct gate *gate, int64_t now_us)
{
    gate->paused_us = now_us + PAUSE_US;
}

void gate_disconnect(struct gate *gate)
{
    gate->connections--;
    gate->is_full = false;
}
