"""Where the official document of Mijnwebwinkel and its live service are known to disagree.

Each row: what it is about, in whole (call, place, what Prism says), the fact that says so, and why. The simulator plays
the live service. Nothing else may differ, and a row that no longer happens must go.
"""
import re

ORDER = r"(GET|PATCH) /v\{version\}/orders(/\{order_number\})?"
PLACE = r"response\.body(\.\*)?"

# Of an answer with orders: member, what Prism says of it, key, why.
OF_ORDERS = [
    ("number", "must be integer", "MWW-602", "a text in life"),
    ("status", "must be integer", "MWW-604", "also the digits as a text"),
    ("credited_order_number", "must be integer", "MWW-608", "null, or a text as all numbers"),
    ("weight", "must be string", "MWW-606", "a number in the document's own example"),
    ("price.total", "must be string", "MWW-621", "a number in the document's own example"),
    ("price.tax", "must match exactly one schema in oneOf", "MWW-622", "a list is a TaxPrice too, which has no type"),
    ("orderlines.*.price", "must match exactly one schema in oneOf", "MWW-805", "the same of a line"),
    ("orderlines.*.weight", "must be string", "MWW-621", "numbers and texts alike"),
    ("orderlines.*.articles.*", "must have required property 'amount'", "MWW-807", "it stands in its price"),
    ("orderlines.*.articles.*", "must have required property 'rate'", "MWW-807", "it stands in its price"),
    ("orderlines.*.articles.*.options.*.price", "must be string", "MWW-807", "an object in the document's own example"),
    ("payment.status.id", "must be integer", "MWW-621", "a text, as all numbers"),
    ("comments.internal", "must be string", "MWW-613", "null when nobody wrote one"),
    ("partner", "must be object", "MWW-620", "[] or null when there is none"),
    ("status_changed_date", "must be string", "MWW-620", "null while the status was never changed"),
    ("status_changed_date", 'must match format "date"', "MWW-620", "\"\" while the status was never changed"),
    ("status_changed_time", "must be string", "MWW-620", "null while the status was never changed"),
    ("debtor.address.delivery", "must have required property 'name'", "MWW-620", "{} when there is none"),
    ("debtor.address.delivery", "must have required property 'zipcode'", "MWW-620", "{} when there is none"),
    ("debtor.address.delivery.phone", "must be string", "MWW-620", "null when it was not given"),
]

ROWS = [("response", ORDER, f"{PLACE}\\.{re.escape(member)}", re.escape(words), key, why)
        for member, words, key, why in OF_ORDERS]
ROWS.append(("response", ORDER, "response", "Unable to match the returned status code .*", "MWW-901",
             "what is answered to a refused token, or for an order that is gone, is not documented"))


class Disagreement:
    def __init__(self, side, call, where, message, key, why):
        self.pattern = re.compile(rf"{side} of {call}: {where}: {message}", re.DOTALL)
        self.name = f"{side}: {where}: {message} [{key}]: {why}"

    def covers(self, violation):
        return self.pattern.fullmatch(str(violation)) is not None


def known():
    return [Disagreement(*row) for row in ROWS]
