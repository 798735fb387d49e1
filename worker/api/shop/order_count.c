#include "worker/api/shop/order_count.h"

#include <jansson.h>

#include "worker/api/text/lenient.h"

bool order_count_read(const char *body, size_t length, size_t *ret_count)
{
    json_auto_t *answer = lenient_parse(body, length, NULL, NULL);
    int32_t count = 0;

    if (!lenient_integer(answer, "count", &count) || count < 0) {
        return false;
    }
    *ret_count = (size_t)count;
    return true;
}
