/* Halving and doubling. */
#include "worker/engine/bisection.h"

/* Most reports per flight: more gains nothing and makes transactions long. */
enum { REPORTS_MOST = 1000 };

void bisection_init(struct bisection *bisection)
{
    *bisection = (struct bisection){.limit = REPORTS_MOST};
}

bool bisection_refused(struct bisection *bisection, int reports)
{
    bisection->is_searching = true;
    bisection->limit = reports > 1 ? reports / 2 : 1;
    return reports == 1;
}

void bisection_committed(struct bisection *bisection, bool is_empty)
{
    bisection->limit *= 2;
    if (is_empty || bisection->limit > REPORTS_MOST) {
        bisection_init(bisection);
    }
}
