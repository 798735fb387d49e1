"""The guarantees of docs/reference/rules.md#guarantees as invariants: functions over facts.

`facts` is what facts.collect() read from the database and the simulator after everything was healed and idle, and the
driver's own ledger of what it was told. A rule yields a sentence for each violation; the name of its function is the
name of the rule. test_checker.py seeds a violation of each.
"""
import collections
import re

RULES = []
OPEN = (1, 3)
SHIPPED = 2
ALWAYS_IMPORTED = ("normal", "partly_credited")
HEALTHY_SKIPS = ("unreadable",)  # what a broken answer may leave behind for an order that was read later


def rule(function):
    RULES.append(function)
    return function


def check(facts):
    """All violations, as (rule, sentence). Facts that contradict each other so that a rule cannot be applied are
    one."""
    found = []
    for one in RULES:
        try:
            found += [(one.__name__, sentence) for sentence in one(facts)]
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            found.append(("inconsistent", f"rule {one.__name__} cannot be applied: {error!r}"))
    return found


def twice(values):
    return sorted((value for value, count in collections.Counter(values).items() if count > 1), key=str)


def by(rows, *names):
    return {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in rows}


TEST_NUMBER = re.compile(r"^T-|-T-?$", re.IGNORECASE)


def is_test(order):
    return order["test"] or TEST_NUMBER.search(order["number"]) is not None


def panel_shipments(facts):
    """The ids of those that somebody made in the panel."""
    return {row["shipment"] for row in facts["ledger"]["panel"]}


def shop_of(facts):
    return {row["id"]: row["shop_host"].split(".")[0] for row in facts["integrations"]}


def shop_orders(facts):
    """The orders of the simulator by shop and number."""
    return {(shop, order["number"]): order for shop, orders in facts["shops"].items() for order in orders}


# Orders


@rule
def order_imported_twice(facts):
    for name in ("order_uuid", "order_number"):
        for key in twice((row["integration_id"], row[name]) for row in facts["orders"]):
            yield f"integration {key[0]} has {name} {key[1]} more than once"


@rule
def order_missing(facts):
    """All open orders that can be shipped are here, and open or further."""
    shops = shop_of(facts)
    here = {(shops[row["integration_id"]], row["order_uuid"]): row for row in facts["orders"]}
    for (shop, number), order in shop_orders(facts).items():
        kind = facts["ledger"]["kinds"].get(f"{shop}/{number}", "normal")
        if order["deleted"] or order["status"] not in OPEN or kind not in ALWAYS_IMPORTED:
            continue
        row = here.get((shop, order["uuid"]))
        if row is None:
            yield f"order {number} of {shop} is open and was not imported"
        elif row["state"] == "withdrawn":
            yield f"order {number} of {shop} is open and was withdrawn"
        elif row["missing"]:
            yield f"order {number} of {shop} is open and noted as missing"


@rule
def order_unexplained(facts):
    """Each open order is imported or skipped with a reason, and not both. (Test orders are not asked for; some come
    anyway.)"""
    shops = shop_of(facts)
    imported = {(shops[row["integration_id"]], row["order_number"]) for row in facts["orders"]}
    skipped = {(shops[row["integration_id"]], row["order_number"]): row["reason_code"] for row in facts["skipped"]}
    for key, order in shop_orders(facts).items():
        if is_test(order) and not facts["ledger"]["kinds"].get("/".join(key)) == "listed_test":
            continue
        if not order["deleted"] and order["status"] in OPEN and key not in imported and key not in skipped:
            yield f"order {key[1]} of {key[0]} is neither imported nor skipped"
    for key in imported & set(skipped):
        if skipped[key] not in HEALTHY_SKIPS:
            yield f"order {key[1]} of {key[0]} is imported, and skipped as {skipped[key]}"


@rule
def order_invented(facts):
    shops, known = shop_of(facts), shop_orders(facts)
    for row in facts["orders"]:
        order = known.get((shops[row["integration_id"]], row["order_number"]))
        if order is None or order["uuid"].lower() != row["order_uuid"].lower():
            yield f"imported order {row['id']} ({row['order_number']}) is none of its shop's"


@rule
def test_order_touched(facts):
    for (shop, number), order in shop_orders(facts).items():
        if is_test(order) and order["patch_count"]:
            yield f"test order {number} of {shop} was changed"
    for row in facts["orders"]:
        if TEST_NUMBER.search(row["order_number"]):
            yield f"test order {row['order_number']} was imported"
    for path in facts["patched_paths"]:
        if TEST_NUMBER.search(path.rsplit("/", 1)[-1]):
            yield f"a change of a test order was asked for: {path}"


# Jobs


@rule
def job_lost(facts):
    """enqueued = done + live. Polls that changed nothing leave no row, but are counted by their integration."""
    enqueued = by(facts["enqueued"], "id")
    live, done = {row["id"] for row in facts["jobs"]}, {row["id"] for row in facts["history"]}
    for job_id, row in enqueued.items():
        if job_id not in live and job_id not in done and row["kind"] not in facts["kinds_without_trace"]:
            yield f"job {job_id} ({row['kind']}) is neither live nor finished"
    for job_id in (live | done) - set(enqueued):
        yield f"job {job_id} was never enqueued"


@rule
def job_twice(facts):
    for job_id in twice(row["id"] for row in facts["history"]):
        yield f"job {job_id} was finished more than once"
    for job_id in {row["id"] for row in facts["jobs"]} & {row["id"] for row in facts["history"]}:
        yield f"job {job_id} is live and finished"


@rule
def poll_uncounted(facts):
    enqueued = collections.Counter(row["integration_id"] for row in facts["enqueued"] if row["kind"] == "poll")
    live = collections.Counter(row["integration_id"] for row in facts["jobs"] if row["kind"] == "poll")
    for row in facts["integrations"]:
        if enqueued[row["id"]] != row["polls"] + live[row["id"]]:
            yield (f"integration {row['id']}: {enqueued[row['id']]} polls enqueued, {row['polls']} done and"
                   f" {live[row['id']]} live")


@rule
def job_not_done(facts):
    """When all is healed and idle, no work is left but polls of later."""
    for row in facts["jobs"]:
        if row["state"] == "failed":
            yield f"job {row['id']} ({row['kind']}) failed: {row['last_error_class']}: {row['last_error']}"
        elif row["state"] == "running":
            yield f"job {row['id']} ({row['kind']}) is running while no worker is; its lease is {row['lease']}"
        elif row["kind"] != "poll" or row["due"] or row["parked"]:
            yield f"job {row['id']} ({row['kind']}) is queued at rest (due: {row['due']}, parked: {row['parked']})"


@rule
def job_torn(facts):
    for row in facts["jobs"]:
        held = [row["worker_id"], row["lease_token"], row["lease_until"]]
        if row["state"] == "running" and (None in held or row["lease"] != "live"):
            yield f"job {row['id']} is running without a live lease"
        if row["state"] != "running" and held != [None, None, None]:
            yield f"job {row['id']} is {row['state']} and has parts of a lease"
        if row["state"] == "failed" and not (row["last_error_class"] and row["last_error"]):
            yield f"job {row['id']} failed without an error"
    for row in facts["history"]:
        if row["finished_at"] is None or (row["outcome"] == "done"
                                          and (row["worker_id"] is None or row["started_at"] is None)):
            yield f"history of job {row['id']} is incomplete"


@rule
def too_many_attempts(facts):
    limits = {row["id"]: row["max_attempts"] for row in facts["enqueued"]}
    for row in facts["jobs"] + [{**row, "attempt": row["attempts"]} for row in facts["history"]]:
        if not 0 <= row["attempt"] <= limits.get(row["id"], 0):
            yield f"job {row['id']} ({row['kind']}) has made {row['attempt']} attempts of {limits.get(row['id'])}"


# Labels and shipments


@rule
def labelled_not_marked(facts):
    """Each labelled order is marked in its shop, or it is recorded why it must not be."""
    shops, known = shop_of(facts), shop_orders(facts)
    labels = collections.defaultdict(list)
    for label in facts["labels"]:
        labels[label["order_id"]].append(label)
    for row in facts["orders"]:
        if row["id"] not in labels:
            continue
        name = f"labelled order {row['id']} ({row['order_number']})"
        order = known.get((shops[row["integration_id"]], row["order_number"]))
        if any(not label["told"] for label in labels[row["id"]]):
            yield f"{name} has a label that the shop was not told of"
        if row["mark_outcome"] in ("marked", "already_shipped"):
            if row["state"] != "marked_shipped":
                yield f"{name} is told of, but in state {row['state']}"
            if order is None or order["deleted"] or order["status"] != SHIPPED or order["patch_count"] < 1:
                yield f"{name} is recorded as {row['mark_outcome']}, but the shop does not know"
        elif row["mark_outcome"] == "not_marked" and row["mark_reason_code"] and row["mark_reason"]:
            if order is not None and not order["deleted"] and order["status"] in OPEN:
                yield f"{name} is open in the shop, but not marked: {row['mark_reason_code']}"
        else:
            yield f"{name} is not marked, and no reason is recorded ({row['mark_outcome']})"


@rule
def wrong_patch(facts):
    """Only orders with a label are changed, and only to shipped."""
    shops = shop_of(facts)
    labelled = {label["order_id"] for label in facts["labels"]}
    numbers = {(shops[row["integration_id"]], row["order_number"]) for row in facts["orders"] if row["id"] in labelled}
    for key, order in shop_orders(facts).items():
        if order["patch_count"] and key not in numbers:
            yield f"order {key[1]} of {key[0]} was changed without a label"
        if any(patch != {"status": SHIPPED} for patch in order["patches"]):
            yield f"order {key[1]} of {key[0]} was changed otherwise: {order['patches']}"


GIVEN_UP = re.compile(r"^not booked: order \d+ was withdrawn ")


def is_given_up(shipment):
    """The order was withdrawn before it was booked, and a person has cancelled the job. Another label of the order may
    have been under way then."""
    return shipment["state"] == "failed" and GIVEN_UP.search(shipment["reason"] or "") is not None


@rule
def shipment_not_once(facts):
    """One shipment at Boekuwzending for each dispatch_order(); none for an order that was withdrawn before."""
    orders = by(facts["orders"], "id")
    booked = collections.defaultdict(list)
    for shipment in facts["booked"]:
        if shipment["id"] not in panel_shipments(facts):
            booked[shipment["reference"]].append(shipment)
    for row in facts["shipments"]:
        reference = f"{orders[row['order_id']]['order_number']}-{row['id']}"
        there = booked.pop(reference, [])
        if is_given_up(row) and not there:
            continue
        if len(there) != 1:
            yield f"shipment {row['id']} ({row['state']}) was booked {len(there)} times, as {reference}"
            continue
        if row["state"] != "labelled" or row["external_id"] != there[0]["id"]:
            yield f"shipment {row['id']} is {row['state']} as {row['external_id']}, but booked as {there[0]['id']}"
    for reference in booked:
        yield f"a shipment was booked that nobody asked for: {reference}"


@rule
def wrong_relation(facts):
    """A shipment names an earlier one of its own order and environment, or none."""
    earlier = {}
    for shipment in facts["booked"]:
        order = shipment["reference"].rpartition("-")[0]
        related = shipment["request"].get("related")
        if related is not None and (shipment["environment"], order, related) not in earlier:
            yield f"shipment {shipment['reference']} is related to {related}, which is none of its order's"
        earlier[shipment["environment"], order, "/shipments/" + shipment["id"]] = shipment


@rule
def wrong_quote(facts):
    """What is offered for an order is the answer to the question that was asked last; one that told of no service
    leaves room for an older one that came later."""
    last = {(row["order_id"], row["environment"]): row for row in facts["quoted"]}
    offered = collections.defaultdict(list)
    for row in facts["quotes"]:
        offered[row["order_id"], row["environment"]].append(row["job_id"])
    for key in sorted(set(last) | set(offered), key=str):
        name = f"order {key[0]} ({key[1]})"
        answer = last.get(key, {"id": None, "services": 0})
        jobs = offered.get(key, [])
        if len(set(jobs)) > 1:
            yield f"{name} has offers of several answers: jobs {sorted(set(jobs))}"
        elif answer["services"] and jobs != [answer["id"]] * answer["services"]:
            yield (f"{name} was told {answer['services']} services by job {answer['id']}, and has {len(jobs)} of"
                   f" {sorted(set(jobs))}")
        elif set(jobs) - {row["id"] for row in facts["quoted"]}:
            yield f"{name} has offers that nobody asked for: jobs {sorted(set(jobs))}"


@rule
def wrong_labels(facts):
    """The labels of a shipment are those that Boekuwzending made, each once."""
    booked = by(facts["booked"], "environment", "id")
    for key in twice((row["environment"], row["external_id"]) for row in facts["labels"]):
        yield f"label {key[1]} ({key[0]}) is recorded more than once"
    for row in facts["shipments"]:
        there = booked.get((row["environment"], row["external_id"]))
        ours = sorted(label["external_id"] for label in facts["labels"] if label["shipment_id"] == row["id"])
        theirs = sorted(label["id"] for label in there["labels"]) if there else []
        wanted = 0 if is_given_up(row) else row["label_count"]
        if ours != theirs or len(ours) != wanted:
            yield f"shipment {row['id']} has {len(ours)} labels, {len(theirs)} were made, {wanted} wanted"


@rule
def panel_label_wrong(facts):
    """A label that was made in the panel is here, of the right order; or that order got another one, or left the
    shop before anybody looked."""
    orders = {row["order_uuid"].lower(): row for row in facts["orders"]}
    booked, labels = by(facts["booked"], "id"), by(facts["labels"], "environment", "external_id")
    labelled = {row["order_id"] for row in facts["labels"]}
    for made in facts["ledger"]["panel"]:
        row = orders[made["order_uuid"].lower()]
        for label in booked[made["shipment"]]["labels"]:
            here = labels.get((made["environment"], label["id"]))
            if here is None and row["id"] not in labelled and row["state"] != "withdrawn":
                yield f"label {label['id']} was made in the panel for order {row['id']} ({row['state']}), unnoticed"
            if here is not None and here["order_id"] != row["id"]:
                yield f"label {label['id']} of the panel is of order {row['id']}, but recorded with {here['order_id']}"
            if here is not None and here["shipment_id"] is not None:
                yield f"label {label['id']} of the panel is recorded with shipment {here['shipment_id']} of ours"


@rule
def label_pdf_missing(facts):
    """Who asked for labels as PDF has all of them, or is told why not, or asked again after more were made."""
    documents = by(facts["documents"], "id")
    current = {tuple(row["shipment_ids"]) for row in facts["documents"]}
    for asked in facts["ledger"]["documents"]:
        row = documents.get(asked["id"])
        if row is None and tuple(asked["shipments"]) not in current:
            yield f"document {asked['id']} was asked for and is not there"
    for row in facts["documents"]:
        if row["state"] == "ready" and (not row["is_pdf"] or row["absent"]):
            yield f"document {row['id']} is ready and lacks the labels {row['absent']}"
        if row["state"] != "ready" and not row["reason"]:
            yield f"document {row['id']} is {row['state']}, and nobody says why"


@rule
def wrong_environment(facts):
    shipments = by(facts["shipments"], "id")
    booked = collections.defaultdict(set)
    for shipment in facts["booked"]:
        booked[shipment["id"]].add(shipment["environment"])
    environments = collections.defaultdict(set)
    for label in facts["labels"]:
        environments[label["order_id"]].add(label["environment"])
        if label["usable_with_distributor"] != (label["environment"] == "production"):
            yield f"label {label['id']} of {label['environment']} is usable: {label['usable_with_distributor']}"
        shipment = shipments.get(label["shipment_id"], label)
        if label["environment"] != shipment["environment"]:
            yield f"label {label['id']} is of {label['environment']}, its shipment is not"
    for row in facts["shipments"]:
        if row["external_id"] is not None and booked[row["external_id"]] != {row["environment"]}:
            yield f"shipment {row['id']} of {row['environment']} was booked on {booked[row['external_id']]}"
    for row in facts["orders"]:
        if row["state"] == "marked_shipped" and row["marked_label_environment"] not in environments[row["id"]]:
            yield f"order {row['id']} was marked by a label of {row['marked_label_environment']}, but has none"
    for row in facts["history"]:
        if row["kind"] == "mark_shipped" and row["outcome"] == "done" and (
                row["shop_environment"] != "production"
                or row["label_environment"] not in environments[row["order_id"]]):
            yield f"history of job {row['id']} names wrong environments"
    by_staging = {row["id"] for row in facts["orders"]
                  if row["state"] == "marked_shipped" and row["marked_label_environment"] == "staging"}
    for order_id in by_staging ^ set(facts["staging_marked"]):
        yield f"order {order_id}: the view staging_marked_order is wrong about it"


# Parcels


@rule
def wrong_tracking(facts):
    """Of each parcel that is followed what its carrier said last is known, and it is asked no more where one is that
    arrived; no other is ever asked for."""
    there = {label["id"]: label["status"] for shipment in facts["booked"] for label in shipment["labels"]}
    for label in facts["labels"]:
        name = f"label {label['id']} ({label['external_id']})"
        if not label["track_labels"] or label["environment"] == "staging":
            if label["was_tracked"]:
                yield f"{name} was asked for, though nobody wants that"
        elif label["shipment_id"] is None:  # a back end made it: they do not know it
            if label["tracking_state"] is not None or not label["is_tracked"]:
                yield f"{name} is {label['tracking_state']}, though they do not know it"
        elif (label["tracking_state"], label["is_tracked"]) != (there.get(label["external_id"]), False):
            yield (f"{name} is {label['tracking_state']}, tracked: {label['is_tracked']}; its carrier says"
                   f" {there.get(label['external_id'])}")


# Pushed orders


@rule
def pushed_not_once(facts):
    shops = by(facts["integrations"], "id")
    pushed = collections.Counter(order["external_id"].lower() for order in facts["pushed"] if not order["deleted"])
    for external_id, count in pushed.items():
        if count > 1:
            yield f"order {external_id} was pushed {count} times"
    wanted = set()
    for row in facts["orders"]:
        if shops[row["integration_id"]]["push_orders"]:
            wanted.add(row["order_uuid"].lower())
            if row["state"] == "open" and (not row["push_is_current"] or not pushed[row["order_uuid"].lower()]):
                yield f"order {row['id']} was not pushed"
    for external_id in set(pushed) - wanted:
        yield f"order {external_id} was pushed, though its account does not want that"


# What was acknowledged, and what must not be seen


@rule
def acknowledged_lost(facts):
    """Acknowledged is durable: what the driver was told is there."""
    ledger = facts["ledger"]
    shipments, labels = by(facts["shipments"], "id"), by(facts["labels"], "environment", "external_id")
    for dispatch in ledger["dispatches"]:
        row = shipments.get(dispatch["shipment_id"])
        if row is None or (row["order_id"], row["environment"]) != (dispatch["order_id"], dispatch["environment"]):
            yield f"dispatch_order() returned shipment {dispatch['shipment_id']}, which is not there"
    for label in ledger["labels"]:
        row = labels.get((label["environment"], label["external_id"]))
        if row is None or row["order_id"] != label["order_id"]:
            yield f"record_label() took label {label['external_id']}, which is not there"
    pings = sum(row["kind"] == "ping" for row in facts["enqueued"])
    if pings < ledger["pings"]:
        yield f"{ledger['pings']} pings were taken, {pings} are there"
    for note in sorted(set(ledger["notes"]) - set(facts["notes"])):
        yield f"note {note} was acknowledged, and is not there"


@rule
def shop_not_active(facts):
    for row in facts["integrations"]:
        if row["state"] != "active":
            yield f"integration {row['id']} is {row['state']} ({row['reason_code']})"


@rule
def worker_not_gone(facts):
    """All workers said goodbye or were declared lost."""
    for row in facts["workers"]:
        if row["state"] in ("active", "stopping"):
            yield f"worker {row['id']} is {row['state']}, lease {row['lease']}"


@rule
def secret_seen(facts):
    for name, place in facts["leaks"]:
        yield f"{name} stands in {place}"


@rule
def program_failed(facts):
    """Programs that were not killed end well, and nobody reports a defect."""
    for sentence in facts["program_troubles"]:
        yield sentence
