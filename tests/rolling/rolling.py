"""Rolling restarts of two nodes on PostgreSQL, under the load of a client that is not ours and knows only the documented
retry policy (deploy/service-config.json): no call fails, and each counts once.

usage: /usr/bin/python3 tests/rolling/rolling.py [--restarts 6] [--threads 16] [--through direct|haproxy]
haproxy: the calls go through deploy/haproxy.cfg with its ports replaced, and bear the affinity header.
"""

import argparse
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "race"))
import grpc
from client import ROOT, Client, message
from cluster import Cluster
from server import command, free_port

POINTS_PER_SALE = 5_000
CUSTOMERS = 64


class Node:
    """A server on fixed ports, so that it comes back where it was."""

    def __init__(self, directory, connection, lame_duck):
        self.grpc_port, self.http_port = free_port(), free_port()
        self.flags = ["serve", "--data", directory, "--grpc", f"127.0.0.1:{self.grpc_port}", "--http",
                      f"127.0.0.1:{self.http_port}", "--store", "postgres", "--lame-duck-seconds", str(lame_duck)]
        self.environment = dict(os.environ, RETENTION_CONNECTION=connection)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(command() + self.flags, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=self.environment)
        if not self.process.stdout.readline().startswith("ready"):
            sys.exit("a node did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code


class Load:
    """Threads that each make one call after the other; a call is never sent again by them."""

    def __init__(self, target, key, threads):
        with open(f"{ROOT}/deploy/service-config.json", encoding="utf-8") as file:
            config = json.dumps(json.load(file))
        self.channels = [grpc.insecure_channel(target, options=[
            ("grpc.service_config", config), ("grpc.use_local_subchannel_pool", 1), ("grpc.default_authority", "retention"),
            ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]) for _ in range(4)]
        self.key, self.stopping, self.lock = key, threading.Event(), threading.Lock()
        self.done, self.failed, self.calls = collections.Counter(), [], 0
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self, thread):
        call = self.channels[thread % len(self.channels)].unary_unary(
            "/retention.v1.PurchaseService/RecordPurchase", request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message("retention.v1.RecordPurchaseResponse").FromString)
        make = message("retention.v1.RecordPurchaseRequest")
        number = 0
        while not self.stopping.is_set() and len(self.failed) < 100:
            number += 1
            customer, name = f"c{(thread * 31 + number) % CUSTOMERS}", f"t{thread}.{number}"
            metadata = (("authorization", f"Bearer {self.key}"), ("x-retention-affinity", customer))
            try:
                call(make(request_id=name, customer_id=customer, purchase_id=name, source="till",
                          total={"currency_code": "USD", "minor_units": 500}), metadata=metadata, timeout=20)
                with self.lock:
                    self.done[customer] += 1
                    self.calls += 1
            except grpc.RpcError as error:
                with self.lock:
                    self.failed.append(f"{error.code()} {error.details()}")

    def passes(self, more):
        until, wanted = time.monotonic() + 60, self.calls + more
        while self.calls < wanted and time.monotonic() < until and len(self.failed) < 100:
            time.sleep(0.02)

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def open_shop(address, directory):
    with open(os.path.join(directory, "bootstrap.key"), encoding="ascii") as key:
        platform = Client(address, key.read().strip())
    made = platform.call("TenantService", "CreateTenant", request_id="t", tenant_id="rolling", display_name="Rolling",
                         currency_code="USD", time_zone="UTC")
    admin = Client(address, made.admin_api_key)
    admin.call("TenantService", "CreateBrand", request_id="b", brand_id="b", display_name="B")
    for number in range(CUSTOMERS):
        admin.call("CustomerService", "EnrollCustomer", request_id=f"e{number}", customer_id=f"c{number}")
    return admin, made.admin_api_key


def balancer(nodes, directory):
    """deploy/haproxy.cfg as it stands, with free ports."""
    port = free_port()
    with open(f"{ROOT}/deploy/haproxy.cfg", encoding="utf-8") as file:
        text = file.read().replace("127.0.0.1:5101", f"127.0.0.1:{port}")
    for node, server in zip(nodes, ("127.0.0.1:5001 port 5000", "127.0.0.1:5011 port 5010")):
        text = text.replace(server, f"127.0.0.1:{node.grpc_port} port {node.http_port}")
    path = os.path.join(directory, "haproxy.cfg")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    return subprocess.Popen([program, "-db", "-f", path]), f"127.0.0.1:{port}"


def play(arguments, directory, database):
    through_balancer = arguments.through == "haproxy"
    nodes = [Node(directory, database.connection, 2 if through_balancer else 0) for _ in range(2)]
    proxy = None
    try:
        for node in nodes:
            node.start()
        admin, key = open_shop(f"127.0.0.1:{nodes[0].grpc_port}", directory)
        target = "ipv4:" + ",".join(f"127.0.0.1:{node.grpc_port}" for node in nodes)
        if through_balancer:
            proxy, target = balancer(nodes, directory)
            time.sleep(1)
            if proxy.poll() is not None:
                sys.exit("haproxy refuses deploy/haproxy.cfg")
        load = Load(target, key, arguments.threads)
        codes = collections.Counter()
        for number in range(arguments.restarts):
            load.passes(100)
            codes[nodes[number % 2].stop()] += 1
            nodes[number % 2].start()
        load.passes(100)
        load.end()
        wrong = sum(
            admin.call("LoyaltyService", "GetBalance", customer_id=customer).balance.available_millipoints
            != count * POINTS_PER_SALE for customer, count in load.done.items())
        print(f"rolling through={arguments.through} restarts={arguments.restarts} exits={dict(codes)} calls={load.calls}"
              f" failed={len(load.failed)} wrong_balances={wrong}", flush=True)
        for fault in load.failed[:5]:
            print(f"  {fault}")
        return not load.failed and wrong == 0 and set(codes) <= {0} and load.calls > arguments.restarts * 100
    finally:
        for node in nodes:
            if node.process and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        if proxy:
            proxy.kill()
            proxy.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=6)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--through", choices=("direct", "haproxy"), default="direct")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = tempfile.mkdtemp(prefix="retention-rolling-")
    database = Cluster()
    try:
        is_good = play(arguments, directory, database)
    finally:
        database.stop()
        shutil.rmtree(directory)
    print("1 passed, 0 failed" if is_good else "0 passed, 1 failed")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
