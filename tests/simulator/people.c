#include "tests/simulator/people.h"

#include <string.h>

#include "common/cleanup.h"

const struct person people[] = {
    {"Fenna Testveld", "fenna.testveld", "V"},
    {"Jan-Willem van Proefhoven", "janwillem.proefhoven", "M"},
    {"Zoë Voorbeeldsma", "zoe.voorbeeldsma", "V"},
    {"Björn Østerfictie", "bjorn.osterfictie", "M"},
    {"Łukasz Przykładowicz", "lukasz.przykladowicz", "M"},
    {"Émilie d'Échantillon", "emilie.dechantillon", "V"},
    {"Jürgen Mustermüller-Fiktiv", "juergen.musterfiktiv", "M"},
    {"Ağça Örnekoğlu", "agca.ornekoglu", ""},
    {"mw. dr. I. O'Verzonnen-\\\"Test\\\"", "io.verzonnen", "V"},
    {"  Piet   Dubbelspatie ", "piet.dubbelspatie", "M"},
    {"SJOUKJE HOOFDLETTER", "sjoukje.hoofdletter", "V"},
    {"Nguyễn Thị Thử Nghiệm", "nguyen.thu.nghiem", "V"},
    {"Kees de Bij de Buren Achterlatende Langenaam-van der Verzonnenstein tot Proefburg",
     "kees.langenaam", "M"},
    {"测试 人", "ceshi.ren", ""},
    {"Afdeling Inkoop", "inkoop", ""},
    {"X", "x", ""},
};
const size_t people_count = ARRAY_LENGTH(people);

const struct place places[] = {
    {"Voorbeeldlaan", "62", "3511ZZ", "Utrecht", "NL"},
    {"Verzonnenstraat", "12-A", "9999 ZZ", "Proefdorp", "NL"},
    {"Fictiekade", "12 A", "1234AB", "Testerdam", "NL"},
    {"Proefpad", "1 - B", "5038 aa", "Voorbeeldrecht", "NL"},
    {"Bedachte Gracht", "23 - II", "1000ZZ", "Testerdam", "NL"},
    {"Nergensplein", "3HS", "1000ZY", "Testerdam", "NL"},
    {"Voorbeeldlaan", "14-bis", "3511ZZ", "Utrecht", "NL"},
    {"Zomaarweg", "12-C11", "9000ZZ", "Gronings Verzinsel", "NL"},
    {"Denkbeeldhof", "1 2.345", "2500ZZ", "'s-Voorbeeldhage", "NL"},
    {"Modelstraat", "12/3", "8900ZZ", "Súdwest-Fictie", "NL"},
    {"Havenproef", "10-12", "3000ZZ", "Rotterverzin", "NL"},
    {"Dorpsvoorbeeld 12a", "", "7700ZZ", "Ommerfictie", "NL"},
    {"1e Bedachte Dwarsstraat", "20", "1000ZX", "Testerdam", "NL"},
    {"Plein 1944", "7", "6500ZZ", "Nimmegen aan de Test", "NL"},
    {"Verzonnenstraat12b", "", "9999ZZ", "Proefdorp", "NL"},
    {"Postbus", "99999", "9999ZX", "Proefdorp", "NL"},
    {"Havenvoorbeeld", "220 bus 3", "2030", "Antwerpverzin", "BE"},
    {"Rue de l'Exemple", "12 bus 3", "4000", "Liège-Fictive", "BE"},
    {"Fictielei", "7/B02", "B-9000", "Gentverzin", "BE"},
    {"Musterstraße", "4a", "99999", "Musterstadt", "DE"},
    {"Beispielallee", "17-19", "01001", "Fiktivdorf", "DE"},
    {"12 Rue de l'Échantillon", "", "99999", "Ville-Fictive-sur-Test", "FR"},
    {"Avenue de la Fiction", "8 bis", "01000", "Saint-Exemple", "FR"},
    {"3 ter impasse du Modèle", "", "75999", "Paris-Fictif", "FR"},
};
const size_t places_count = ARRAY_LENGTH(places);

static const struct country countries[] = {
    {"NL", "Nederland", "nl_NL", 21},
    {"BE", "België", "nl_NL", 21},
    {"DE", "Duitsland", "de_DE", 19},
    {"FR", "Frankrijk", "fr_FR", 20},
};

const struct product products[] = {
    {"Theepot", "TP-BL", "kleur: blauw", 2250, 425},
    {"Wandklok \\\"Proef\\\"", "WK-01", "", 3995, 900},
    {"Kaarsenstandaard", "", "maat: L / zwart", 1495, 310},
    {"Sjaal van merinowol", "SJ-77", "kleur: crème", 4900, 120},
    {"Crème-brûléeset (4 stuks)", "CB-4", "", 2799, 1850},
    {"Wenskaart", "WK-KAART", "tekst: Proficiat \\ud83c\\udf89", 250, 8},
    {"Aardewerken pot 30 cm", "AP-30", "", 5950, 6200},
    {"Stalen rek, demontabel", "REK-9", "hoogte: 180 cm, planken: 5", 12950, 18400},
    {"Zakje zaden & bollen", "ZAAD", "", 395, 25},
    {"Kussenhoes", "KH-45x45", "kleur: <b>rood</b>", 1999, 240},
};
const size_t products_count = ARRAY_LENGTH(products);

const char *const phones[] = {
    "06 0000 0000",
    "0600000000",
    "+31 6 00000000",
    "0031600000000",
    "06-00000000",
    "(013) 000 00 0",
    "+31 (0)13 0000000",
    "",
    "0000",
    "n.v.t.",
    "+32 470 00 00 00",
    "+49 (0) 30 000000",
    "0470/00.00.00",
    "06 00 00 00 00 (na 18u)",
};
const size_t phones_count = ARRAY_LENGTH(phones);

const char *const companies[] = {
    "Fictief BV",
    "Voorbeeld & Zonen v.o.f.",
    "Beispiel GmbH & Co. KG",
    "Société Imaginée SARL",
    "Testbakkerij \\\"De Proef\\\"",
};
const size_t companies_count = ARRAY_LENGTH(companies);

const char *const remarks[] = {
    "",
    "Graag bij de buren op 16",
    "Eerste regel\\r\\nTweede regel",
    "Het is een cadeau! \\ud83c\\udf81",
    "Bel 2x; de hond (\\\"Test\\\") doet niets",
    "Leveren na 17:00, niet op maandag",
};
const size_t remarks_count = ARRAY_LENGTH(remarks);

const struct country *country_find(const char *code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(countries); i++) {
        if (strcmp(countries[i].code, code) == 0) {
            return &countries[i];
        }
    }
    return &countries[0];
}
