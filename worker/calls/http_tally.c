/* The numbers of the HTTP client. */
#include "worker/calls/http_tally.h"

#include "common/metrics.h"
#include "worker/calls/http.h"
#include "worker/calls/http_internal.h"

enum counter { OPENED, HANDSHAKES, OPEN, AGAIN, COUNTERS };

static struct metric counters[COUNTERS] = {
    [OPENED] = {.name = "koppeling_http_connections_opened_total",
                .help = "Connections to the APIs that were opened."},
    [HANDSHAKES] = {.name = "koppeling_tls_handshakes_total",
                    .help = "TLS handshakes with the APIs that succeeded."},
    [OPEN] = {.name = "koppeling_http_connections",
              .help = "Connections to the APIs that are open now.",
              .type = METRIC_GAUGE},
    [AGAIN] = {.name = "koppeling_http_reconnects_total",
               .help = "Calls that were sent once more, since their connection broke."},
};

/* From 10 ms, since nothing is nearer than that, to the longest that a setting allows. */
static const int64_t bounds[HISTOGRAM_BOUNDS + 1] = {
    10000,   25000,   50000,    100000,   250000,   500000,    1000000,
    2500000, 5000000, 10000000, 20000000, 40000000, 300000000, 0};

/* The names of the APIs are those of the gauge koppeling_blocked_apis, those of the outcomes the
 * classes of koppeling.retry_rule. */
#define CALLS(api, outcome)                                                                        \
    HISTOGRAM_OF("koppeling_api_call_duration_seconds",                                            \
                 "Calls of the APIs, from when one is wanted until its answer is there or there "  \
                 "will be none, by what came of them.",                                            \
                 bounds, "api=\"" api "\",outcome=\"" outcome "\"")
#define CALLS_OF(api)                                                                              \
    {                                                                                              \
        [ERROR_CLASS_OK] = CALLS(api, "ok"),                                                       \
        [ERROR_CLASS_RATE_LIMITED] = CALLS(api, "rate_limited"),                                   \
        [ERROR_CLASS_AUTH] = CALLS(api, "auth"),                                                   \
        [ERROR_CLASS_CLIENT_ERROR] = CALLS(api, "client_error"),                                   \
        [ERROR_CLASS_SERVER_ERROR] = CALLS(api, "server_error"),                                   \
        [ERROR_CLASS_TIMEOUT] = CALLS(api, "timeout"),                                             \
        [ERROR_CLASS_NETWORK] = CALLS(api, "network"), [ERROR_CLASS_TLS] = CALLS(api, "tls"),      \
        [ERROR_CLASS_UNREADABLE] = CALLS(api, "unreadable"),                                       \
        [ERROR_CLASS_UNKNOWN_OUTCOME] = CALLS(api, "unknown_outcome"),                             \
    }

enum { CLASSES = ERROR_CLASS_UNKNOWN_OUTCOME + 1 };

static struct histogram calls[HTTP_ORIGINS][CLASSES] = {
    [HTTP_ORIGIN_SHOPS] = CALLS_OF("mijnwebwinkel_production"),
    [HTTP_ORIGIN_BOOKING] = CALLS_OF("boekuwzending_production"),
    [HTTP_ORIGIN_STAGING] = CALLS_OF("boekuwzending_staging"),
};

void http_client_show_metrics(void)
{
    for (int i = 0; i < COUNTERS; i++) {
        metric_add(&counters[i], 0);
    }
    for (int origin = 0; origin < HTTP_ORIGINS; origin++) {
        for (int outcome = 0; outcome < CLASSES; outcome++) {
            histogram_show(&calls[origin][outcome]);
        }
    }
}

void http_tally_opened(bool is_tls)
{
    metric_add(&counters[OPENED], 1);
    metric_add(&counters[HANDSHAKES], is_tls ? 1 : 0);
}

void http_tally_open(int more)
{
    metric_add(&counters[OPEN], more);
}

void http_tally_again(void)
{
    metric_add(&counters[AGAIN], 1);
}

void http_tally_call(int origin, enum error_class outcome, int64_t took_us)
{
    histogram_observe(&calls[origin][outcome], took_us);
}
