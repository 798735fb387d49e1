/*
 * The services themselves. Each function answers a call with the simulator's lock held: it finds
 * the route, checks who is calling and fills call->answer.
 */
#ifndef SIMULATOR_APIS_H
#define SIMULATOR_APIS_H

#include "tests/simulator/call.h"

/* Hands the call to the API that it is for. */
void api_answer(struct call *call);

void mijnwebwinkel_answer(struct call *call);
void boekuwzending_answer(struct call *call);
void control_answer(struct call *call);

#endif
