"""The official gRPC interoperability cases, played by python grpcio against the server of tests/Retention.Interop.

usage: /usr/bin/python3 tests/interop/python_interop.py HOST:PORT [case ...]

Debian's protobuf is older than our compiler, so no generated code is used: the descriptors are compiled to a
FileDescriptorSet and loaded at run time. Needs: apt-get install -y python3-grpcio
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTOS = os.path.join(os.path.dirname(__file__), "..", "Retention.Interop", "protos")
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
SECONDS = 60


def find_protoc():
    packages = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
    restored = sorted(glob.glob(os.path.join(packages, "grpc.tools", "*", "tools", "linux_x64", "protoc")))
    found = restored[-1] if restored else shutil.which("protoc")
    if not found:
        sys.exit("no protoc: build the solution first (it restores Grpc.Tools) or apt-get install protobuf-compiler")
    return found


def load_types():
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(
            [find_protoc(), f"-I{PROTOS}", "--include_imports", f"--descriptor_set_out={file.name}",
             "grpc/testing/test.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for proto in files.file:
        pool.Add(proto)
    factory = message_factory.MessageFactory(pool)
    return {
        name: factory.GetPrototype(pool.FindMessageTypeByName(f"grpc.testing.{name}"))
        for name in ("Empty", "SimpleRequest", "SimpleResponse", "StreamingInputCallRequest",
                     "StreamingInputCallResponse", "StreamingOutputCallRequest", "StreamingOutputCallResponse")
    }


T = load_types()


def check(is_true, what):
    if not is_true:
        raise AssertionError(what)


def payload(size):
    return {"body": b"\0" * size}


class Client:
    def __init__(self, target, compression=None):
        self.channel = grpc.insecure_channel(
            target, compression=compression, options=[("grpc.max_receive_message_length", 8 * 1024 * 1024)])

    def _call(self, kind, method, request, response, service="TestService"):
        return getattr(self.channel, kind)(
            f"/grpc.testing.{service}/{method}",
            request_serializer=T[request].SerializeToString,
            response_deserializer=T[response].FromString)

    def empty(self, method="EmptyCall", service="TestService"):
        return self._call("unary_unary", method, "Empty", "Empty", service)

    def unary(self):
        return self._call("unary_unary", "UnaryCall", "SimpleRequest", "SimpleResponse")

    def streaming_input(self):
        return self._call("stream_unary", "StreamingInputCall", "StreamingInputCallRequest",
                          "StreamingInputCallResponse")

    def streaming_output(self):
        return self._call("unary_stream", "StreamingOutputCall", "StreamingOutputCallRequest",
                          "StreamingOutputCallResponse")

    def full_duplex(self):
        return self._call("stream_stream", "FullDuplexCall", "StreamingOutputCallRequest",
                          "StreamingOutputCallResponse")


def expect_status(call, code, message=None):
    try:
        result = call()
        if hasattr(result, "__iter__") and not hasattr(result, "DESCRIPTOR"):
            list(result)
    except grpc.RpcError as error:
        check(error.code() == code, f"status is {error.code()}, expected {code}: {error.details()}")
        if message is not None:
            check(error.details() == message, f"message is {error.details()!r}")
        return error
    raise AssertionError(f"succeeded, expected {code}")


class Pacer:
    """A request stream that sends only when told, as the ping-pong cases need."""

    def __init__(self):
        import queue
        self._queue = queue.Queue()

    def send(self, message):
        self._queue.put(message)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def empty_unary(client):
    check(client.empty()(T["Empty"](), timeout=SECONDS) == T["Empty"](), "not empty")


def large_unary(client):
    request = T["SimpleRequest"](response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST))
    response = client.unary()(request, timeout=SECONDS)
    check(response.payload.body == b"\0" * LARGE_RESPONSE, "wrong payload")


def client_streaming(client):
    requests = [T["StreamingInputCallRequest"](payload=payload(n)) for n in (27182, 8, 1828, 45904)]
    response = client.streaming_input()(iter(requests), timeout=SECONDS)
    check(response.aggregated_payload_size == 74922, f"sum is {response.aggregated_payload_size}")


def server_streaming(client):
    sizes = [31415, 9, 2653, 58979]
    request = T["StreamingOutputCallRequest"](response_parameters=[{"size": n} for n in sizes])
    got = [len(r.payload.body) for r in client.streaming_output()(request, timeout=SECONDS)]
    check(got == sizes, f"sizes are {got}")


def ping_pong(client):
    pacer = Pacer()
    responses = client.full_duplex()(iter(pacer), timeout=SECONDS)
    for size, answer in ((27182, 31415), (8, 9), (1828, 2653), (45904, 58979)):
        pacer.send(T["StreamingOutputCallRequest"](response_parameters=[{"size": answer}], payload=payload(size)))
        got = len(next(responses).payload.body)
        check(got == answer, f"size is {got}")
    pacer.close()
    check(list(responses) == [], "more responses than requests")


def empty_stream(client):
    check(list(client.full_duplex()(iter([]), timeout=SECONDS)) == [], "responses to nothing")


def cancel_after_begin(client):
    pacer = Pacer()
    call = client.streaming_input().future(iter(pacer), timeout=SECONDS)
    call.cancel()
    pacer.close()
    check(call.cancelled() and call.code() == grpc.StatusCode.CANCELLED, f"status is {call.code()}")


def cancel_after_first_response(client):
    pacer = Pacer()
    responses = client.full_duplex()(iter(pacer), timeout=SECONDS)
    pacer.send(T["StreamingOutputCallRequest"](response_parameters=[{"size": 31415}], payload=payload(27182)))
    next(responses)
    responses.cancel()
    pacer.close()
    expect_status(lambda: list(responses), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server(client):
    pacer = Pacer()
    responses = client.full_duplex()(iter(pacer), timeout=0.001)
    pacer.send(T["StreamingOutputCallRequest"](payload=payload(27182)))
    expect_status(lambda: list(responses), grpc.StatusCode.DEADLINE_EXCEEDED)
    pacer.close()


def check_metadata(call):
    initial, trailing = dict(call.initial_metadata()), dict(call.trailing_metadata())
    check(initial.get("x-grpc-test-echo-initial") == "test_initial_metadata_value", f"headers {initial}")
    check(trailing.get("x-grpc-test-echo-trailing-bin") == b"\xab\xab\xab", f"trailers {trailing}")


def custom_metadata(client):
    metadata = (("x-grpc-test-echo-initial", "test_initial_metadata_value"),
                ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))
    request = T["SimpleRequest"](response_size=1, payload=payload(1))
    _, call = client.unary().with_call(request, timeout=SECONDS, metadata=metadata)
    check_metadata(call)
    streamed = T["StreamingOutputCallRequest"](response_parameters=[{"size": 1}], payload=payload(1))
    call = client.full_duplex()(iter([streamed]), timeout=SECONDS, metadata=metadata)
    list(call)
    check_metadata(call)


def status_code_and_message(client):
    status = {"code": 2, "message": "test status message"}
    request = T["SimpleRequest"](response_status=status)
    expect_status(lambda: client.unary()(request, timeout=SECONDS), grpc.StatusCode.UNKNOWN, status["message"])
    streamed = T["StreamingOutputCallRequest"](response_status=status)
    expect_status(lambda: client.full_duplex()(iter([streamed]), timeout=SECONDS),
                  grpc.StatusCode.UNKNOWN, status["message"])


def special_status_message(client):
    message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    request = T["SimpleRequest"](response_status={"code": 2, "message": message})
    expect_status(lambda: client.unary()(request, timeout=SECONDS), grpc.StatusCode.UNKNOWN, message)


def unimplemented_method(client):
    expect_status(lambda: client.empty("UnimplementedCall")(T["Empty"](), timeout=SECONDS),
                  grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(client):
    expect_status(lambda: client.empty("UnimplementedCall", "UnimplementedService")(T["Empty"](), timeout=SECONDS),
                  grpc.StatusCode.UNIMPLEMENTED)


def client_compressed_unary(client, target):
    probe = T["SimpleRequest"](expect_compressed={"value": True}, response_size=LARGE_RESPONSE,
                               payload=payload(LARGE_REQUEST))
    expect_status(lambda: client.unary()(probe, timeout=SECONDS), grpc.StatusCode.INVALID_ARGUMENT)
    response = Client(target, grpc.Compression.Gzip).unary()(probe, timeout=SECONDS)
    check(len(response.payload.body) == LARGE_RESPONSE, "wrong payload")
    plain = T["SimpleRequest"](expect_compressed={"value": False}, response_size=LARGE_RESPONSE,
                               payload=payload(LARGE_REQUEST))
    check(len(client.unary()(plain, timeout=SECONDS).payload.body) == LARGE_RESPONSE, "wrong payload")


def server_compressed_unary(client):
    for compressed in (True, False):
        request = T["SimpleRequest"](response_compressed={"value": compressed}, response_size=LARGE_RESPONSE,
                                     payload=payload(LARGE_REQUEST))
        response = client.unary()(request, timeout=SECONDS)
        check(response.payload.body == b"\0" * LARGE_RESPONSE, "wrong payload")


def server_compressed_streaming(client):
    sizes = [31415, 92653]
    request = T["StreamingOutputCallRequest"](response_parameters=[
        {"size": sizes[0], "compressed": {"value": True}}, {"size": sizes[1], "compressed": {"value": False}}])
    got = [len(r.payload.body) for r in client.streaming_output()(request, timeout=SECONDS)]
    check(got == sizes, f"sizes are {got}")


def client_compressed_streaming(client, target):
    # grpcio compresses a whole call, not single messages: all are compressed here, and none in the probe.
    messages = [T["StreamingInputCallRequest"](expect_compressed={"value": True}, payload=payload(n))
                for n in (27182, 45904)]
    expect_status(lambda: client.streaming_input()(iter(messages), timeout=SECONDS),
                  grpc.StatusCode.INVALID_ARGUMENT)
    response = Client(target, grpc.Compression.Gzip).streaming_input()(iter(messages), timeout=SECONDS)
    check(response.aggregated_payload_size == 73086, f"sum is {response.aggregated_payload_size}")


CASES = (empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, cancel_after_begin,
         cancel_after_first_response, timeout_on_sleeping_server, custom_metadata, status_code_and_message,
         special_status_message, unimplemented_method, unimplemented_service, client_compressed_unary,
         server_compressed_unary, server_compressed_streaming, client_compressed_streaming)
NEEDS_TARGET = (client_compressed_unary, client_compressed_streaming)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    target, wanted = sys.argv[1], sys.argv[2:]
    client = Client(target)
    passed = failed = 0
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        try:
            case(client, target) if case in NEEDS_TARGET else case(client)
            passed += 1
            print(f"ok      {case.__name__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED  {case.__name__}: {error}", flush=True)
    print(f"python grpcio {grpc.__version__}: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
