#include "tests/unit/kind_helpers.h"

#include "worker/jobs/verify_reasons.h"

static const char *const values[3] = {"EERSTE", "TWEEDE", "DERDE"};

TEST(each_reason_is_a_whole_sentence_in_both_languages)
{
    for (enum verify_reason i = REASON_TOKEN_UNREADABLE; i <= WARNING_STATUSES_UNCHECKED; i++) {
        AUTO(free) char *dutch = verify_reason_dutch(i, values);
        AUTO(free) char *english = verify_reason_english(i, values);

        assert_true(strlen(dutch) > 40 && strlen(english) > 40);
        assert_true(dutch[strlen(dutch) - 1] == '.' && english[strlen(english) - 1] == '.');
        assert_null(strchr(dutch, '{'));
        assert_null(strchr(english, '{'));
        /* Both say the same things. */
        for (size_t j = 0; j < ARRAY_LENGTH(values); j++) {
            assert_int_equal(strstr(dutch, values[j]) != NULL, strstr(english, values[j]) != NULL);
        }
        assert_int_equal(verify_reason_code(i) == NULL, i >= WARNING_OWN_DOMAIN);
    }
}

TEST(places_are_filled_and_nothing_else)
{
    static const char *const tricky[3] = {"{2}", NULL, "%s"};
    AUTO(free) char *text = verify_reason_english(REASON_TOKEN_OF_ANOTHER_SHOP, tricky);

    assert_non_null(strstr(text, "belongs to the shop {2}, but you are connecting the shop ?."));
}
