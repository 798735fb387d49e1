#include "worker/jobs/verify_reasons.h"

#include <stddef.h>
#include <string.h>

#include "common/buffer.h"

/* Room for a sentence with everything filled in. */
#define SENTENCE_LIMIT 4000

static const struct {
    const char *code;
    const char *dutch;
    const char *english;
} reasons[] = {
    [REASON_TOKEN_UNREADABLE] =
        {
            "token_unreadable",
            "De API-token is niet goed opgeslagen en kan niet worden gebruikt. Vul de token "
            "opnieuw "
            "in en klik nogmaals op Koppelen.",
            "The API token was not stored correctly and cannot be used. Enter the token again and "
            "press Connect once more.",
        },
    [REASON_FROM_ADDRESS_INCOMPLETE] =
        {
            "from_address_incomplete",
            "Het standaard afzenderadres is niet compleet. Vul dit aan: {1}. Klik daarna nogmaals "
            "op Koppelen.",
            "The default sender address is not complete. Please add: {1}. Then press Connect once "
            "more.",
        },
    [REASON_TOKEN_REFUSED] =
        {
            "token_refused",
            "Mijnwebwinkel accepteert deze API-token niet. Controleer in de back-office van uw "
            "shop, "
            "onder Instellingen > API, of de token actief is en neem hem over zonder spaties. Nog "
            "geen token? Vraag er een aan via api@boekuwzending.com.",
            "Mijnwebwinkel does not accept this API token. Check in the back office of your shop, "
            "under Settings > API, that the token is active, and copy it without spaces. No token "
            "yet? Ask for one at api@boekuwzending.com.",
        },
    [REASON_TOKEN_OF_ANOTHER_SHOP] =
        {
            "token_of_another_shop",
            "Deze API-token hoort bij de shop {1}, maar u koppelt de shop {2}. Vul de token van "
            "{2} "
            "in, of wijzig de shop-URL in {1}.",
            "This API token belongs to the shop {1}, but you are connecting the shop {2}. Enter "
            "the "
            "token of {2}, or change the shop URL to {1}.",
        },
    [REASON_REFUSED] =
        {
            "mijnwebwinkel_refused",
            "Mijnwebwinkel weigert onze vraag naar uw shop (foutcode {1}). Controleer de shop-URL "
            "en "
            "de API-token. Blijft dit gebeuren, mail dan api@boekuwzending.com.",
            "Mijnwebwinkel refuses our request about your shop (error code {1}). Check the shop "
            "URL "
            "and the API token. If this keeps happening, mail api@boekuwzending.com.",
        },
    [REASON_UNREACHABLE_FOR_NOW] =
        {
            "mijnwebwinkel_unreachable",
            "Mijnwebwinkel geeft op dit moment geen bruikbaar antwoord. Wij proberen het vanzelf "
            "opnieuw; u hoeft niets te doen.",
            "Mijnwebwinkel gives no usable answer at the moment. We will try again by ourselves; "
            "there is nothing you have to do.",
        },
    [REASON_UNREACHABLE] =
        {
            "mijnwebwinkel_unreachable",
            "Mijnwebwinkel gaf ook na meerdere pogingen geen bruikbaar antwoord. Klik later "
            "nogmaals "
            "op Koppelen.",
            "Mijnwebwinkel gave no usable answer, even after several attempts. Press Connect again "
            "later.",
        },
    [REASON_TOO_LARGE] =
        {
            "mijnwebwinkel_unreachable",
            "Mijnwebwinkel geeft over uw winkel een antwoord dat te groot is om te lezen. Klik "
            "later nogmaals op Koppelen.",
            "Mijnwebwinkel gives an answer about your shop that is too large to be read. Press "
            "Connect again later.",
        },
    [REASON_SHIPPED_STATUS_UNKNOWN] =
        {
            "shipped_status_unknown",
            "De bestelstatus {1}, die wij instellen zodra een bestelling is verzonden, bestaat "
            "niet "
            "bij Mijnwebwinkel. Kies bij deze koppeling de status die \"Verzonden\" betekent.",
            "Order status {1}, which we set when an order has been shipped, does not exist at "
            "Mijnwebwinkel. Choose the status that means \"Verzonden\" (shipped) for this "
            "connection.",
        },
    [REASON_SHIPPED_STATUS_CREDIT] =
        {
            "shipped_status_unknown",
            "De bestelstatus {1}, die wij instellen zodra een bestelling is verzonden, is alleen "
            "voor "
            "creditorders. Kies bij deze koppeling de status die \"Verzonden\" betekent.",
            "Order status {1}, which we set when an order has been shipped, is for credit orders "
            "only. Choose the status that means \"Verzonden\" (shipped) for this connection.",
        },
    [REASON_SHIPPED_STATUS_UNCLEAR] =
        {
            "shipped_status_unclear",
            "Wij zetten verzonden bestellingen op status {1}, maar die heet \"{2}\"; status {3} "
            "heet "
            "\"Verzonden\". Kies bij deze koppeling welke van de twee wij moeten gebruiken.",
            "We set shipped orders to status {1}, but that one is called \"{2}\"; status {3} is "
            "called "
            "\"Verzonden\" (shipped). Choose for this connection which of the two we should use.",
        },
    [WARNING_OWN_DOMAIN] =
        {
            NULL,
            "Uw shop gebruikt het eigen domein {1}. Daardoor kunnen wij niet nagaan of de "
            "API-token "
            "bij {2} hoort. Controleer of de eerste bestellingen echt van deze shop zijn.",
            "Your shop uses its own domain {1}, so we cannot tell whether the API token belongs to "
            "{2}. Check that the first orders really are from this shop.",
        },
    [WARNING_NO_DOMAIN] =
        {
            NULL,
            "Mijnwebwinkel noemt geen domein van uw shop. Daardoor kunnen wij niet nagaan of de "
            "API-token bij {1} hoort. Controleer of de eerste bestellingen echt van deze shop "
            "zijn.",
            "Mijnwebwinkel does not name a domain of your shop, so we cannot tell whether the API "
            "token belongs to {1}. Check that the first orders really are from this shop.",
        },
    [WARNING_STATUSES_UNCHECKED] =
        {
            NULL,
            "Wij konden de lijst met bestelstatussen niet opvragen. Controleer zelf of status {1} "
            "in "
            "uw shop \"Verzonden\" betekent.",
            "We could not read the list of order statuses. Please check that status {1} means "
            "\"Verzonden\" (shipped) in your shop.",
        },
};

static char *fill(const char *sentence, const char *const values[3])
{
    struct buffer text = BUFFER_INIT(SENTENCE_LIMIT);
    bool fits = true;

    while (*sentence != '\0' && fits) {
        size_t plain = strcspn(sentence, "{");

        fits = buffer_append(&text, sentence, plain);
        sentence += plain;
        if (*sentence == '{' && fits) {
            const char *value = values[sentence[1] - '1'];

            fits = buffer_append_text(&text, value != NULL ? value : "?");
            sentence += 3;
        }
    }
    return buffer_steal(&text);
}

const char *verify_reason_code(enum verify_reason reason)
{
    return reasons[reason].code;
}

char *verify_reason_dutch(enum verify_reason reason, const char *const values[3])
{
    return fill(reasons[reason].dutch, values);
}

char *verify_reason_english(enum verify_reason reason, const char *const values[3])
{
    return fill(reasons[reason].english, values);
}
