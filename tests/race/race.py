"""The open race for coupons, played by a client that is not ours.

  hot     one code with a limit of N, asked for by many clients at once; each request is sent twice, as a till that lost
          the answer does, and the server is killed with SIGKILL in the middle: min(N, demand) redemptions stand.
  unique  many coupons, each tried by many clients: each is redeemed exactly once.

usage: /usr/bin/python3 tests/race/race.py [--clients 64] [--limit 300] [--demand 450] [--coupons 50] [--attempts 20]
       [--store sqlite|postgres] [--only hot|unique]
Several numbers of clients (64,128,256) are played one after the other on one server, and a table says what came of each.
the whole: --clients 64,128,256,512,1024 --limit 10000 --demand 15000 --only hot
           --clients 256 --coupons 1000 --attempts 200 --only unique
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid

from client import Client, Refused
from cluster import Cluster
from server import Server

CLIENTS_PER_CHANNEL = 16
CREDENTIAL_ROLE_STORE = 4


class Shop:
    """A tenant with one brand, and a till's channels."""

    def __init__(self, server, clients):
        name = f"race-{uuid.uuid4().hex[:12]}"
        made = server.platform().call(
            "TenantService", "CreateTenant", request_id=name, tenant_id=name, display_name="Race",
            currency_code="USD", time_zone="UTC")
        self.admin = Client(server.grpc, made.admin_api_key)
        self.admin.call("TenantService", "CreateBrand", request_id="b", brand_id="brand", display_name="Brand")
        till = self.admin.call(
            "TenantService", "CreateCredential", request_id="t", role=CREDENTIAL_ROLE_STORE, brand_id="brand").api_key
        self.channels = [Client(server.grpc, till) for _ in range(-(-clients // CLIENTS_PER_CHANNEL))]

    def offer(self, **fields):
        offer = dict(offer_id=uuid.uuid4().hex, discount={"amount_off": {"currency_code": "USD", "minor_units": 100}})
        offer.update(fields)
        self.admin.call("OfferService", "CreateOffer", request_id=uuid.uuid4().hex, offer=offer)
        self.admin.call("OfferService", "ActivateOffer", request_id=uuid.uuid4().hex, offer_id=offer["offer_id"])
        return offer["offer_id"]

    def redeemed(self, offer_id):
        return self.admin.call("OfferService", "GetOffer", offer_id=offer_id).offer.redeemed_count


def play(shop, clients, tasks, on_half):
    """Clients take tasks (request id, code) and send each twice. Gives {request id: redemption id or reason}."""
    lock, answers, faults, taken = threading.Lock(), {}, [], [0]
    half = len(tasks) // 2

    def ask(client, request_id, code):
        try:
            return client.call("CouponService", "RedeemCoupon", request_id=request_id, code=code).redemption.redemption_id
        except Refused as refused:
            return refused.reason

    def run(number):
        client = shop.channels[number // CLIENTS_PER_CHANNEL]
        while True:
            with lock:
                if taken[0] == len(tasks):
                    return
                request_id, code = tasks[taken[0]]
                taken[0] += 1
                is_half = taken[0] == half
            if is_half and on_half:
                threading.Thread(target=on_half).start()
            try:
                first, again = ask(client, request_id, code), ask(client, request_id, code)
            except Exception as fault:  # pylint: disable=broad-except
                with lock:
                    faults.append(repr(fault))
                return
            with lock:
                answers[request_id] = (first, again, code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, faults


def check(results, name, is_true, what):
    results.append(is_true)
    print(f"{'ok  ' if is_true else 'FAIL'} {name}: {what}", flush=True)


def hot(server, clients, arguments, results):
    shop = Shop(server, clients)
    offer_id = shop.offer(code="HOT", limits={"total": arguments.limit})
    tasks = [(uuid.uuid4().hex, "hot") for _ in range(arguments.demand)]
    began = time.monotonic()
    answers, faults = play(shop, clients, tasks, server.kill_and_restart)
    seconds = time.monotonic() - began
    accepted = {first for first, _, _ in answers.values() if first.startswith("red_")}
    stands = min(arguments.limit, arguments.demand)
    check(results, "hot", not faults, f"every request got an answer ({len(faults)} did not) {faults[:1]}")
    check(results, "hot", len(accepted) == stands,
          f"{len(accepted)} accepted, min(N, demand) = {stands}, {clients} clients, {seconds:.1f} s, one SIGKILL")
    counted = shop.redeemed(offer_id)
    check(results, "hot", counted == stands, "the offer counts as many")
    check(results, "hot", all(first == again for first, again, _ in answers.values() if first.startswith("red_")),
          "a repeated request got the first answer")
    check(results, "hot", all(first.startswith("red_") or first == "LIMIT_REACHED" for first, _, _ in answers.values()),
          "whoever was refused was told LIMIT_REACHED")
    return ("hot", clients, len(tasks), stands, len(accepted), counted, len(faults), seconds)


def unique(server, clients, arguments, results):
    shop = Shop(server, clients)
    offer_id = shop.offer(kind=2)
    codes = []
    while len(codes) < arguments.coupons:
        count = min(500, arguments.coupons - len(codes))
        issued = shop.admin.call(
            "OfferService", "IssueCoupons", request_id=uuid.uuid4().hex, offer_id=offer_id, count=count)
        codes += [coupon.code for coupon in issued.coupons]
    tasks = [(uuid.uuid4().hex, code) for code in codes for _ in range(arguments.attempts)]
    random.Random(arguments.seed).shuffle(tasks)
    began = time.monotonic()
    answers, faults = play(shop, clients, tasks, server.kill_and_restart)
    seconds = time.monotonic() - began
    won = [code for first, _, code in answers.values() if first.startswith("red_")]
    check(results, "unique", not faults, f"every request got an answer ({len(faults)} did not) {faults[:1]}")
    check(results, "unique", sorted(won) == sorted(codes),
          f"{len(won)} accepted of {len(tasks)} attempts at {len(codes)} coupons, {seconds:.1f} s, one SIGKILL")
    counted = shop.redeemed(offer_id)
    check(results, "unique", counted == len(codes), "the offer counts as many")
    return ("unique", clients, len(tasks), len(codes), len(won), counted, len(faults), seconds)


def tell(store, rows):
    print("| store | race | clients | requests, each twice | due | accepted | counted | unanswered | seconds |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, *numbers, seconds in rows:
        print(f"| {store} | {name} | {' | '.join(f'{number:,}' for number in numbers)} | {seconds:.1f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=lambda text: [int(number) for number in text.split(",")], default=[64])
    parser.add_argument("--only", choices=["hot", "unique"])
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--demand", type=int, default=450)
    parser.add_argument("--coupons", type=int, default=50)
    parser.add_argument("--attempts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    arguments = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="retention-race-")
    cluster = Cluster() if arguments.store == "postgres" else None
    results, rows = [], []
    try:
        server = Server(os.path.join(directory, "data"), cluster.connection if cluster else None)
        try:
            for clients in arguments.clients:
                for race in (hot, unique):
                    if arguments.only in (None, race.__name__):
                        rows.append(race(server, clients, arguments, results))
        finally:
            server.stop()
        code, last = server.verify()
        check(results, "verify", code == 0, last[0])
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(directory)
    tell(arguments.store, rows)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
