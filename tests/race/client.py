"""A client of RetentionSaaS that shares no code with it: python grpcio and descriptors compiled from the protos.

Debian's protobuf is older than our compiler, so no generated code is used. Needs: apt-get install -y python3-grpcio
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TRANSIENT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED,
             grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)
PATIENCE_SECONDS = 60


def find_protoc():
    packages = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
    restored = sorted(glob.glob(os.path.join(packages, "grpc.tools", "*", "tools", "linux_x64", "protoc")))
    found = restored[-1] if restored else shutil.which("protoc")
    if not found:
        sys.exit("no protoc: build the solution first (it restores Grpc.Tools) or apt-get install protobuf-compiler")
    return found


def load_pool():
    protoc = find_protoc()
    include = os.path.join(os.path.dirname(protoc), "..", "..", "build", "native", "include")
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(
            [protoc, f"-I{ROOT}/protos", f"-I{include}", "-I/usr/include", "--include_imports",
             f"--descriptor_set_out={file.name}", "retention/v1/tenant_service.proto",
             "retention/v1/offer_service.proto", "retention/v1/coupon_service.proto",
             "retention/v1/customer_service.proto", "retention/v1/purchase_service.proto",
             "retention/v1/loyalty_service.proto", "google/rpc/status.proto",
             "google/rpc/error_details.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for proto in files.file:
        pool.Add(proto)
    return pool


POOL = load_pool()
FACTORY = message_factory.MessageFactory(POOL)


def message(name):
    return FACTORY.GetPrototype(POOL.FindMessageTypeByName(name))


class Refused(Exception):
    def __init__(self, code, reason, metadata):
        super().__init__(f"{code.name} {reason} {metadata}")
        self.reason = reason


class Client:
    """One channel under one key. Calls are sent again, with the same bytes, until their outcome is known."""

    def __init__(self, address, key):
        self.metadata = (("authorization", f"Bearer {key}"),)
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000),
            ("grpc.min_reconnect_backoff_ms", 10000),
            ("grpc.use_local_subchannel_pool", 1)])
        self.stubs = {}

    def call(self, service, method, **fields):
        path = f"/retention.v1.{service}/{method}"
        if path not in self.stubs:
            self.stubs[path] = self.channel.unary_unary(
                path, request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=message(f"retention.v1.{method}Response").FromString)
        request = message(f"retention.v1.{method}Request")(**fields)
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.stubs[path](request, metadata=self.metadata, timeout=20, wait_for_ready=True)
            except grpc.RpcError as error:
                reason, details = reason_of(error)
                if reason not in ("", "OVERLOADED", "STORAGE_UNAVAILABLE", "OUTCOME_UNKNOWN"):
                    raise Refused(error.code(), reason, details) from None
                if error.code() not in TRANSIENT and reason != "OVERLOADED":
                    raise
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def reason_of(error):
    for name, value in error.trailing_metadata() or ():
        if name != "grpc-status-details-bin":
            continue
        for detail in message("google.rpc.Status").FromString(value).details:
            if detail.type_url.endswith("google.rpc.ErrorInfo"):
                info = message("google.rpc.ErrorInfo").FromString(detail.value)
                return info.reason, dict(info.metadata)
    return "", {}
