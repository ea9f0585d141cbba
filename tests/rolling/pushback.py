"""Refusals that say when to come back, and a client that is not ours and knows only deploy/service-config.json: it comes
back when told, not before, and does not come back where that is useless. Who obeys cannot be seen from inside the client,
so the server's own count of refusals is compared with the time that the calls took.

usage: /usr/bin/python3 tests/rolling/pushback.py
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "race"))
os.environ["RETENTION_SERVE_FLAGS"] = "--calls-per-second-per-tenant 20 --auth-failures-per-minute 2"
import grpc
from client import ROOT, message, reason_of
from server import Server

AT_ONCE = 26
ROUNDS = 4
ROUNDS_MOST = 20
PUSHBACK = 0.2
METHOD = "retention.v1.TenantService/GetTenant"


def channel(address, retries):
    with open(f"{ROOT}/deploy/service-config.json", encoding="utf-8") as file:
        config = json.dumps(json.load(file))
    return grpc.insecure_channel(address, options=[
        ("grpc.service_config", config), ("grpc.enable_retries", int(retries)), ("grpc.use_local_subchannel_pool", 1)])


def ask(open_channel, key):
    """One call, as a future that is told the time it took."""
    call = open_channel.unary_unary(f"/{METHOD}", request_serializer=lambda request: request.SerializeToString(),
                                    response_deserializer=message("retention.v1.GetTenantResponse").FromString)
    began = time.monotonic()
    future = call.future(message("retention.v1.GetTenantRequest")(), metadata=(("authorization", f"Bearer {key}"),), timeout=20)
    future.took = None
    future.add_done_callback(lambda done: setattr(done, "took", time.monotonic() - began))
    return future


def finish(future):
    error = future.exception()
    while future.took is None:
        time.sleep(0.001)
    return error


def refusals(server):
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(line.split()[-1]) for line in lines if line.startswith("rpc_server_call_duration_seconds_count{")
               and METHOD in line and re.search(r'status_code="RESOURCE_EXHAUSTED"', line))


def trailer(error):
    return dict(error.trailing_metadata() or ()).get("grpc-retry-pushback-ms")


def check(checks, name, is_good, note=""):
    checks.append(is_good)
    print(f"{'ok    ' if is_good else 'FAILED'} {name} {note}", flush=True)


def play(server, checks):
    made = server.platform().call("TenantService", "CreateTenant", request_id="t", tenant_id="pushed", display_name="Pushed",
                                  currency_code="USD", time_zone="UTC")
    key = made.admin_api_key

    plain = channel(server.grpc, retries=False)
    told = []
    while not told:
        errors = [finish(future) for future in [ask(plain, key) for _ in range(2 * AT_ONCE)]]
        told = [(error.code(), reason_of(error)[0], trailer(error)) for error in errors if error]
    check(checks, "a refusal says OVERLOADED and to come back in 200 ms",
          set(told) == {(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "200")}, f"refused={len(told)} {set(told)}")
    time.sleep(2)

    obeying, before = channel(server.grpc, retries=True), refusals(server)
    calls, failed, waits, slowest = 0, [], 0, 0.0
    for number in range(ROUNDS_MOST):
        # A machine that is too busy to send them at once is asked again.
        if number >= ROUNDS and refusals(server) > before:
            break
        calls += AT_ONCE
        futures = [ask(obeying, key) for _ in range(AT_ONCE)]
        failed += [error for error in map(finish, futures) if error]
        waits += sum(int(future.took / PUSHBACK) for future in futures)
        slowest = max([slowest] + [future.took for future in futures])
        time.sleep(1.5)
    pushed = refusals(server) - before
    check(checks, "a client with the service config comes back when told", not failed and 0 < pushed <= waits,
          f"calls={calls} failed={len(failed)} refusals={pushed} waits={waits} slowest={slowest:.2f}s")

    # Two wrong keys a minute; from then on the address is told to give up.
    for _ in range(2):
        finish(ask(plain, "nobody"))
    before = refusals(server)
    errors = [finish(ask(obeying, "nobody")) for _ in range(3)]
    said = {(error.code(), reason_of(error)[0], trailer(error)) for error in errors}
    pushed = refusals(server) - before
    check(checks, "where coming back is useless it is told so, and does not",
          said == {(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_FAILURES", "-1")} and pushed == 3, f"refusals={pushed} {said}")


def main():
    directory, checks = tempfile.mkdtemp(prefix="retention-pushback-"), []
    server = Server(directory)
    try:
        play(server, checks)
    finally:
        server.stop()
        shutil.rmtree(directory)
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    sys.exit(0 if all(checks) else 1)


if __name__ == "__main__":
    main()
