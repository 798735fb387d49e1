"""Orders as the API of the shop writes them."""
import datetime
import itertools
import json
import uuid
import zoneinfo

from harness.programs import ROOT

_numbers = itertools.count(50001)


def today(days_ago=0):
    """The day in the Netherlands, which from eleven at night in London is another one."""
    now = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam"))
    return (now.date() - datetime.timedelta(days=days_ago)).isoformat()


def address(**changes):
    return {"name": "Fenna Testveld", "company": "", "street": "Voorbeeldlaan", "number": "14-bis",
            "zipcode": "3511ZZ", "city": "Utrecht", "country_code": "NL", "phone": "0612345678", **changes}


def order(**changes):
    """An open, paid order of today that can be shipped; members given by name replace its own."""
    made = {
        "number": str(next(_numbers)), "uuid": str(uuid.uuid4()),
        "date": today(), "time": "10:00:00", "status": 3, "weight": "0.85", "archived": False,
        "currency": "EUR", "credit_order_numbers": [], "business_model": "B2C",
        "debtor": {"email": "fenna@example.org", "address": {"invoice": address(), "delivery": address()}},
        "price": {"tax": [], "total": "50.00"},
        "orderlines": [{"id": str(uuid.uuid4()), "type": "article", "quantity": 2, "weight": "0.85",
                        "description": "Theepot", "price": {"rate": "21.00", "amount_including_tax": "45.00"},
                        "articles": [{"id": 88120, "sku": "TP-BL", "description": "Theepot"}]}],
        "shipping": [{"country": {"description": "Nederland", "isocode": "NL"}}],
    }
    made.update(changes)
    return made


def fixture(name):
    """An example of tests/fixtures/mijnwebwinkel, dated today so that it is not too old to import."""
    path = ROOT / "tests" / "fixtures" / "mijnwebwinkel" / f"{name}.json"
    return {**json.loads(path.read_text()), "date": today()}
