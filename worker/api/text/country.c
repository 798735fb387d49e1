#include "worker/api/text/country.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"

/* Longest name that is looked up, with both bars. */
#define NAME_SIZE 40

static const struct country countries[] = {
    {"NL", "31", true, 9, 9,
     "|nederland|the netherlands|netherlands|holland|niederlande|pays-bas|"},
    {"BE", "32", true, 8, 9, "|belgie|belgi\xC3\xAB|belgium|belgien|belgique|"},
    {"DE", "49", true, 6, 11, "|duitsland|germany|deutschland|allemagne|"},
    {"FR", "33", true, 9, 9, "|frankrijk|france|frankreich|"},
    {"LU", "352", false, 4, 11, "|luxemburg|luxembourg|"},
    {"GB", "44", true, 9, 10,
     "|verenigd koninkrijk|united kingdom|great britain|groot-brittannie|"},
    {"IE", "353", true, 7, 9, "|ierland|ireland|irland|irlande|"},
    {"AT", "43", true, 4, 13, "|oostenrijk|austria|autriche|"},
    {"CH", "41", true, 9, 9, "|zwitserland|switzerland|schweiz|suisse|"},
    {"DK", "45", false, 8, 8, "|denemarken|denmark|danmark|"},
    {"SE", "46", true, 7, 9, "|zweden|sweden|sverige|schweden|"},
    {"NO", "47", false, 8, 8, "|noorwegen|norway|norge|norwegen|"},
    {"FI", "358", true, 5, 12, "|finland|finnland|finlande|"},
    {"ES", "34", false, 9, 9, "|spanje|spain|espagne|spanien|"},
    {"PT", "351", false, 9, 9, "|portugal|"},
    {"IT", "39", false, 6, 11, "|italie|itali\xC3\xAB|italy|italia|italien|"},
    {"PL", "48", false, 9, 9, "|polen|poland|polska|"},
    {"CZ", "420", false, 9, 9, "|tsjechie|tsjechi\xC3\xAB|czech republic|czechia|"},
    {"RO", "40", true, 9, 9, "|roemenie|roemeni\xC3\xAB|romania|"},
    {"BG", "359", true, 7, 9, "|bulgarije|bulgaria|"},
    {"HR", "385", true, 8, 9, "|kroatie|kroati\xC3\xAB|croatia|"},
    {"SI", "386", true, 8, 8, "|slovenie|sloveni\xC3\xAB|slovenia|"},
    {"SK", "421", true, 9, 9, "|slowakije|slovakia|"},
    {"GR", "30", false, 10, 10, "|griekenland|greece|"},
    {"TR", "90", true, 10, 10, "|turkije|turkey|"},
};

/* Codes that people use beside the standard's own. */
static const char *const other_codes[][2] = {{"UK", "GB"}, {"EL", "GR"}};

const struct country *country_find(const char *code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(countries); i++) {
        if (strcmp(countries[i].code, code) == 0) {
            return &countries[i];
        }
    }
    return NULL;
}

const struct country *country_find_calling(const char *digits)
{
    for (size_t i = 0; i < ARRAY_LENGTH(countries); i++) {
        const char *calling_code = countries[i].calling_code;

        if (strncmp(digits, calling_code, strlen(calling_code)) == 0) {
            return &countries[i];
        }
    }
    return NULL;
}

bool country_from_code(const char *text, char ret_code[3])
{
    if (text == NULL) {
        return false;
    }
    text += strspn(text, " ");
    if (!ascii_is_letter(text[0]) || !ascii_is_letter(text[1]) ||
        text[2 + strspn(text + 2, " ")] != '\0') {
        return false;
    }

    char code[3] = {ascii_upper(text[0]), ascii_upper(text[1]), '\0'};

    for (size_t i = 0; i < ARRAY_LENGTH(other_codes); i++) {
        if (strcmp(other_codes[i][0], code) == 0) {
            memcpy(code, other_codes[i][1], sizeof(code));
        }
    }
    memcpy(ret_code, code, sizeof(code));
    return true;
}

bool country_from_name(const char *text, char ret_code[3])
{
    char name[NAME_SIZE];

    if (text == NULL || text[0] == '\0' || strchr(text, '|') != NULL ||
        (size_t)snprintf(name, sizeof(name), "|%s|", text) >= sizeof(name)) {
        return false;
    }
    for (char *at = name; *at != '\0'; at++) {
        *at = ascii_lower(*at);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(countries); i++) {
        if (strstr(countries[i].names, name) != NULL) {
            memcpy(ret_code, countries[i].code, sizeof(countries[i].code));
            return true;
        }
    }
    return false;
}
