#!/usr/bin/python3
"""Recomputes the statements of an agreement from each party's feed: a second implementation, in another language, of what
agreement_service.proto says about ClearingEntry.line, lines_hash, statement_hash and FxTerms.

usage: statement.py ADDRESS PLATFORM_KEY   (PYTHONPATH holds the generated protos; needs python3-grpcio)
Plays two months between a bakery and a shoe shop, in one currency and in two, then compares with GetStatement for both. Prints "ok" or "FAILED" lines.
"""
import hashlib
import re
import sys
import time
import uuid

import grpc
from retention.v1 import agreement_service_pb2 as ag
from retention.v1 import coupon_service_pb2 as cp
from retention.v1 import customer_service_pb2 as cu
from retention.v1 import feed_service_pb2 as fd
from retention.v1 import purchase_service_pb2 as pu
from retention.v1 import tenant_service_pb2 as te

PLAIN = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:~-")
SUMS = {
    "REDEEMED": "redeemed", "CONFIRMED": "redeemed",
    "REVERSED": "reversed", "CLAWED_BACK": "reversed", "SALE_RETURNED": "reversed", "DISPUTE_RESOLVED": "reversed",
    "FEE": "fees", "FEE_REVERSED": "fees", "TAX": "tax", "SETTLED": "paid",
    "PROVISIONAL": None, "UNCONFIRMED": None, "DISPUTED": None}


def escaped(text):
    return "".join(chr(b) if b in PLAIN else "%%%02X" % b for b in text.encode())


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def moment(stamp):
    day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stamp.seconds))
    return day + ("." + ("%09d" % stamp.nanos).rstrip("0") if stamp.nanos else "") + "Z"


def line_of(event):
    entry = event.entry
    credits = [posting.amount.minor_units for posting in entry.postings]
    assert len(credits) == 2 and sum(credits) == 0, "an entry does not sum to zero"
    details = ";".join(escaped(d.name) + "=" + escaped(d.value) for d in sorted(entry.details, key=lambda d: d.name))
    kind = ag.ClearingKind.Name(entry.kind).removeprefix("CLEARING_KIND_")
    return "|".join([
        str(entry.number), moment(entry.entry_time), event.day, kind, escaped(entry.leg_id), escaped(entry.coupon_id),
        escaped(entry.redemption_id), str(entry.terms_version), event.currency_code, str(credits[0]), str(credits[1]),
        escaped(entry.entity_id), details])


def converted(amount, by, parts, first_rounds):
    """As the first brand sees it: who rounds gets less of it, or pays more."""
    whole, rest = divmod(abs(amount) * by, parts)
    up = rest and first_rounds != (amount > 0)
    return (whole + bool(up)) * (1 if amount > 0 else -1)


def check_counter(events, fx):
    """FxTerms by its text alone: each redemption at its day's rate, what is taken back by its share, no currency off zero."""
    rates, redeemed = {}, {}
    for event in events:
        if event.HasField("rate"):
            assert event.rate.rate_date not in rates, "a day has two rates"
            rates[event.rate.rate_date] = event.rate
        if not event.HasField("entry") or not event.entry.HasField("rate"):
            continue
        entry, rate = event.entry, event.entry.rate
        first, counter = entry.postings[0].amount.minor_units, entry.counter[0].amount.minor_units
        assert sum(posting.amount.minor_units for posting in entry.counter) == 0, "the counter currency is off zero"
        if entry.redemption_id not in redeemed:
            day = max(known for known in rates if known <= event.day)
            assert rate == rates[day], f"entry {entry.number} takes another rate than that of {day}"
            if (entry.leg_id == "1") == (fx.brand == "boots"):
                assert first == converted(counter, rate.units, rate.counter_units, fx.rounding_party == "bread")
            else:
                assert counter == converted(first, rate.counter_units, rate.units, fx.rounding_party == "bread")
            redeemed[entry.redemption_id] = (first, counter, first, counter, rate)
            continue
        whole, whole_counter, net, standing, own = redeemed[entry.redemption_id]
        assert rate == own, f"entry {entry.number} is taken back at another rate than it was cleared at"
        net, standing = net + first, standing + counter
        share = abs(whole_counter) * abs(net) // abs(whole)
        assert abs(standing) == share, f"entry {entry.number} leaves {standing} of {whole_counter}, the share is {share}"
        redeemed[entry.redemption_id] = (whole, whole_counter, net, standing, own)
    return len(redeemed)


def next_month(month):
    year, number = int(month[:4]), int(month[5:])
    return "%04d-%02d" % (year + number // 12, number % 12 + 1)


def statements(agreement_id, events, last):
    """One dictionary a month, from the account's opening to the month `last`, as the first brand sees it."""
    result, opening, previous, number = [], 0, "0" * 64, 0
    month = events[0].day[:7]
    while month <= last:
        sums = dict(redeemed=0, reversed=0, fees=0, tax=0, paid=0)
        lines, lines_hash, entities = 0, previous, {}
        for event in events:
            if event.day[:7] != month or not event.HasField("entry"):
                continue
            entry, first = event.entry, event.entry.postings[0].amount.minor_units
            number += 1
            assert entry.number == number, f"entry {entry.number} follows {number - 1}"
            line = line_of(event)
            assert line == entry.line, f"the line is {line}, told is {entry.line}"
            lines, lines_hash = lines + 1, sha(lines_hash + "\n" + line)
            into = SUMS[line.split("|")[3]]
            if into is None:
                continue
            sums[into] += -first if into in ("reversed", "paid") else first
            if into in ("redeemed", "reversed") and entry.leg_id:
                key = ("2" if entry.leg_id == "1" else "1", entry.entity_id)
                both = entities.setdefault(key, [0, 0])
                both[into == "reversed"] += -first if into == "reversed" else first
        closing = opening + sums["redeemed"] - sums["reversed"] + sums["fees"] + sums["tax"] - sums["paid"]
        parts = ";".join(f"{side},{escaped(entity)},{r},{b}" for (side, entity), (r, b) in sorted(entities.items()))
        text = "|".join(map(str, [
            "statement/1", escaped(agreement_id), month, events[0].currency_code, opening, sums["redeemed"],
            sums["reversed"], sums["fees"], sums["tax"], sums["paid"], closing, lines, parts, previous, lines_hash]))
        result.append(dict(sums, period=month, opening=opening, closing=closing, lines_hash=lines_hash,
                           previous_hash=previous, statement_hash=sha(text)))
        opening, previous, month = closing, sha(text), next_month(month)
    return result


class Client:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)

    def call(self, method, key, request, reply):
        rpc = self.channel.unary_unary(f"/retention.v1.{method}", type(request).SerializeToString, reply.FromString)
        return rpc(request, metadata=[("authorization", f"Bearer {key}")], timeout=20)

    def feed(self, key, agreement_id):
        rpc = self.channel.unary_stream("/retention.v1.FeedService/WatchJournal",
                                        fd.WatchJournalRequest.SerializeToString, fd.WatchJournalResponse.FromString)
        request = fd.WatchJournalRequest(until_now=True, agreement_id=agreement_id)
        messages = rpc(request, metadata=[("authorization", f"Bearer {key}")], timeout=20)
        return [entry.clearing for message in messages for entry in message.entries if entry.HasField("clearing")]


def new_id():
    return str(uuid.uuid4())


class Play:
    """With a counter currency, the account is in dollars and the shoe shop's books are in it."""

    def __init__(self, client, platform, counter=None):
        self.client, self.run, self.counter = client, uuid.uuid4().hex[:8], counter
        self.keys = {brand: self.tenant(platform, brand) for brand in ("bread", "boots")}
        self.agreement_id = f"agr-{self.run}"
        self.agree()

    def tenant(self, platform, brand):
        request = te.CreateTenantRequest(request_id=new_id(), tenant_id=f"{brand}-{self.run}", display_name=brand,
                                         currency_code=self.currency(brand), time_zone="America/New_York")
        request.virtual_start_time.FromJsonString("2017-05-01T16:00:00.25Z")
        key = self.client.call("TenantService/CreateTenant", platform, request, te.CreateTenantResponse).admin_api_key
        self.client.call("TenantService/CreateBrand", key, te.CreateBrandRequest(
            request_id=new_id(), brand_id=brand, display_name=brand), te.CreateBrandResponse)
        self.client.call("TenantService/CreateLegalEntity", key, te.CreateLegalEntityRequest(
            request_id=new_id(), entity_id="north", display_name="North Ltd", vat_id="LT1", country="LT"),
            te.CreateLegalEntityResponse)
        self.client.call("TenantService/CreateStore", key, te.CreateStoreRequest(
            request_id=new_id(), brand_id=brand, store_id="main", display_name="Main", entity_id="north"),
            te.CreateStoreResponse)
        self.client.call("CustomerService/EnrollCustomer", key, cu.EnrollCustomerRequest(
            request_id=new_id(), customer_id="anna"), cu.EnrollCustomerResponse)
        return key

    def currency(self, brand):
        return self.counter if self.counter and brand == "boots" else "USD"

    def rate(self, brand, date, counter_units):
        self.client.call("AgreementService/RecordExchangeRate", self.keys[brand], ag.RecordExchangeRateRequest(
            request_id=new_id(), agreement_id=self.agreement_id, rate=ag.ExchangeRate(
                rate_date=date, units=1000, counter_units=counter_units, source="ECB")), ag.RecordExchangeRateResponse)

    def agree(self):
        request = ag.ProposeAgreementRequest(request_id=new_id(), agreement_id=self.agreement_id)
        request.issuing.tenant_id, request.issuing.brand_id = f"bread-{self.run}", "bread"
        request.redeeming.tenant_id, request.redeeming.brand_id = f"boots-{self.run}", "boots"
        terms = request.terms
        terms.offer.amount_off.currency_code, terms.offer.amount_off.minor_units = "USD", 199
        terms.trigger.days_valid = 90
        terms.funding.add(brand="bread", share_bps=3333)
        terms.funding.add(brand="boots", share_bps=6667, rounding_party=True)
        terms.currency_code, terms.mirrored = "USD", True
        if self.counter:
            terms.fx.brand, terms.fx.currency_code, terms.fx.source = "boots", self.counter, "ECB"
            terms.fx.rounding_party = "bread"
            terms.fx.amount_off.currency_code, terms.fx.amount_off.minor_units = self.counter, 187
            self.fx = terms.fx
        terms.settle, terms.trigger_return_loss = ag.SETTLE_AT_REDEEM, ag.TRIGGER_RETURN_LOSS_MIRROR
        self.client.call("AgreementService/ProposeAgreement", self.keys["bread"], request, ag.ProposeAgreementResponse)
        self.client.call("AgreementService/AcceptAgreement", self.keys["boots"], ag.AcceptAgreementRequest(
            request_id=new_id(), agreement_id=self.agreement_id, terms_version=1), ag.AcceptAgreementResponse)
        self.drain()

    def drain(self):
        deadline = time.time() + 60
        while self.client.call("AgreementService/GetAgreement", self.keys["bread"], ag.GetAgreementRequest(
                agreement_id=self.agreement_id), ag.GetAgreementResponse).pending_effects:
            assert time.time() < deadline, "effects are still on their way"
            time.sleep(0.01)

    def buy(self, brand, purchase_id):
        sale = pu.RecordPurchaseRequest(request_id=new_id(), customer_id="anna", purchase_id=purchase_id, source="pos",
                                        store_id="main", till_id="t1", cashier_id="c1")
        sale.total.currency_code, sale.total.minor_units = self.currency(brand), 1000
        self.client.call("PurchaseService/RecordPurchase", self.keys[brand], sale, pu.RecordPurchaseResponse)
        self.drain()

    def redeem(self, issuer, redeemer):
        coupons = self.client.call("CouponService/ListCoupons", self.keys[issuer],
                                   cp.ListCouponsRequest(customer_id="anna"), cp.ListCouponsResponse).coupons
        self.client.call("CouponService/RedeemCoupon", self.keys[redeemer], cp.RedeemCouponRequest(
            request_id=new_id(), code=coupons[0].code, store_id="main"), cp.RedeemCouponResponse)
        self.drain()

    def take_back(self, brand, purchase_id):
        self.client.call("PurchaseService/ReturnPurchase", self.keys[brand], pu.ReturnPurchaseRequest(
            request_id=new_id(), purchase_id=purchase_id, source="pos", return_id="r-" + purchase_id, store_id="main",
            till_id="t1", cashier_id="c1"), pu.ReturnPurchaseResponse)
        self.drain()

    def move(self, moment_text):
        for key in self.keys.values():
            request = te.AdvanceClockRequest(request_id=new_id())
            request.to_time.FromJsonString(moment_text)
            self.client.call("TenantService/AdvanceClock", key, request, te.AdvanceClockResponse)


def play_months(client, platform, counter=None):
    play = Play(client, platform, counter)
    if counter:
        play.rate("bread", "2017-05-01", 909)
        play.rate("boots", "2017-05-02", 911)
    play.buy("bread", "p-1")
    play.buy("bread", "p-2")
    play.redeem("bread", "boots")
    play.move("2017-07-03T12:00:00Z")
    if counter:
        play.rate("boots", "2017-07-01", 877)
    play.buy("boots", "p-3")
    play.redeem("boots", "bread")
    play.redeem("bread", "boots")
    play.take_back("bread", "p-1")
    return play


def main(address, platform):
    client, failures = Client(address), 0
    for play in (play_months(client, platform), play_months(client, platform, "EUR")):
        for brand, key in play.keys.items():
            feed = client.feed(key, play.agreement_id)
            if play.counter:
                assert check_counter(feed, play.fx) == 3, "not every redemption was converted"
                print("ok", f"exchange {brand}")
            sign = 1 if brand == "bread" else -1
            for computed in statements(play.agreement_id, feed, "2017-07"):
                shown = client.call("AgreementService/GetStatement", key, ag.GetStatementRequest(
                    agreement_id=play.agreement_id, period=computed["period"]), ag.GetStatementResponse)
                differences = [
                    name for name in ("opening", "redeemed", "reversed", "fees", "tax", "paid", "closing")
                    if sign * computed[name] != getattr(shown, name).minor_units]
                differences += [name for name in ("lines_hash", "previous_hash", "statement_hash")
                                if computed[name] != getattr(shown, name)]
                failures += bool(differences)
                print("FAILED" if differences else "ok", f"statement {brand} {computed['period']}",
                      computed["statement_hash"], *differences)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1], sys.argv[2]) else 0)
