#include "worker/jobs/poll_proof.h"

#include <stdio.h>

#include "common/memory.h"
#include "worker/api/shop/order_count.h"
#include "worker/api/text/json_write.h"

/* Room for a status as a key. */
#define KEY_LENGTH 16

void poll_proof_init(struct poll_proof *proof, json_t *context)
{
    *proof = (struct poll_proof){.ends = json_object_get(context, "ends")};
}

void poll_proof_release(struct poll_proof *proof)
{
    json_decref(proof->proven);
    proof->proven = NULL;
}

void poll_proof_start(struct poll_proof *proof)
{
    proof->listed = 0;
    proof->sum = 0;
    proof->is_asked = false;
    proof->is_counted = false;
}

void poll_proof_note(struct poll_proof *proof, uint64_t hash)
{
    proof->listed++;
    proof->sum += hash;
}

static const char *key_of(int32_t status, char key[KEY_LENGTH])
{
    snprintf(key, KEY_LENGTH, "%d", status);
    return key;
}

bool poll_proof_is_known(const struct poll_proof *proof, int32_t status)
{
    char key[KEY_LENGTH];
    json_t *sum = json_object_get(json_object_get(proof->ends, key_of(status, key)), "sum");

    return json_is_integer(sum) && (uint64_t)json_integer_value(sum) == proof->sum;
}

void poll_proof_take_count(struct poll_proof *proof, int status, const char *body, size_t length)
{
    proof->is_asked = true;
    proof->is_counted = status == 200 && order_count_read(body, length, &proof->count);
}

bool poll_proof_is_whole(const struct poll_proof *proof)
{
    return proof->is_counted && proof->count == proof->listed;
}

bool poll_proof_is_short(const struct poll_proof *proof)
{
    return proof->is_counted && proof->count > proof->listed;
}

void poll_proof_end(struct poll_proof *proof, int32_t status, const struct poll_walk *walk)
{
    char key[KEY_LENGTH];
    bool is_lasting = !walk->is_ascending && !walk->is_circular;
    json_t *sum = is_lasting ? json_integer((json_int_t)proof->sum) : json_null();
    json_t *count = proof->is_counted ? json_integer((json_int_t)proof->count) : json_null();

    if (proof->proven == NULL) {
        proof->proven = json_object();
    }
    json_object_set_new(proof->proven, key_of(status, key),
                        json_pack("{s:o, s:I, s:o, s:b}", "sum", sum, "listed",
                                  (json_int_t)proof->listed, "count", count, "repeats",
                                  walk->is_circular ? 1 : 0));
    proof->short_by += poll_proof_is_short(proof) ? proof->count - proof->listed : 0;
}

char *poll_proof_text(const struct poll_proof *proof)
{
    return proof->proven != NULL ? json_write(proof->proven, JSON_COMPACT, NULL) : xstrdup("null");
}
