#include "worker/api/text/moment.h"

#include "common/ascii.h"

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1970 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool moment_has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; text++, shape++) {
        if (*shape == '0' ? !ascii_is_digit(*text) : *text != *shape) {
            return false;
        }
    }
    return true;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

bool moment_begins_with_date(const char *text)
{
    return moment_has_shape(text, "0000-00-00") &&
           is_date(two_digits(text) * 100 + two_digits(text + 2), two_digits(text + 5),
                   two_digits(text + 8));
}

bool moment_begins_with_time(const char *text)
{
    return moment_has_shape(text, "00:00:00") && two_digits(text) < 24 &&
           two_digits(text + 3) < 60 && two_digits(text + 6) < 60;
}
