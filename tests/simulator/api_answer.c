#include "tests/simulator/apis.h"

void api_answer(struct call *call)
{
    static void (*const answers[API_COUNT])(struct call *) = {
        [API_MIJNWEBWINKEL] = mijnwebwinkel_answer,
        [API_BOEKUWZENDING] = boekuwzending_answer,
        [API_BOEKUWZENDING_STAGING] = boekuwzending_answer,
        [API_CONTROL] = control_answer,
    };

    answers[call->api](call);
}
