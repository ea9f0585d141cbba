// The official gRPC interoperability cases, played by @grpc/grpc-js against the server of tests/Retention.Interop.
//
// usage: node tests/interop/js/interop.mjs HOST:PORT [case ...]     (once before: npm ci in this folder)

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const protos = fileURLToPath(new URL("../../Retention.Interop/protos", import.meta.url));
const definition = protoLoader.loadSync("grpc/testing/test.proto", { includeDirs: [protos], keepCase: true });
const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;

const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;
const GZIP = 2;

const within = (seconds) => ({ deadline: Date.now() + seconds * 1000 });
const payload = (size) => ({ body: Buffer.alloc(size) });
const sized = (...sizes) => sizes.map((size) => ({ size }));

function connect(target, options = {}) {
  const all = { "grpc.max_receive_message_length": 8 << 20, ...options };
  return {
    test: new TestService(target, grpc.credentials.createInsecure(), all),
    unimplemented: new UnimplementedService(target, grpc.credentials.createInsecure(), all),
    zipped: () => connect(target, { "grpc.default_compression_algorithm": GZIP }),
  };
}

// Ends with the response, or with the error as a value: most cases are about the error.
function unary(client, method, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve) => {
    const seen = {};
    const call = client[method](request, metadata, within(20), (error, response) => {
      queueMicrotask(() => resolve({ error, response, ...seen }));
    });
    call.on("metadata", (headers) => (seen.headers = headers));
    call.on("status", (status) => (seen.trailers = status.metadata));
  });
}

function sendAll(client, requests) {
  return new Promise((resolve) => {
    const call = client.StreamingInputCall(new grpc.Metadata(), within(20), (error, response) => {
      resolve({ error, response });
    });
    for (const request of requests) call.write(request);
    call.end();
  });
}

// Collects a stream until its end; onMessage may answer.
function collect(call, onMessage = () => {}) {
  return new Promise((resolve) => {
    const result = { messages: [] };
    call.on("metadata", (headers) => (result.headers = headers));
    call.on("data", (message) => {
      result.messages.push(message);
      onMessage(message, result.messages.length);
    });
    call.on("error", (error) => (result.error = error));
    call.on("status", (status) => {
      result.trailers = status.metadata;
      queueMicrotask(() => resolve(result));
    });
  });
}

const sizes = (result) => result.messages.map((message) => message.payload.body.length);

function checkStatus({ error }, code, message) {
  assert.ok(error, "the call succeeded");
  assert.equal(error.code, code, `status ${error.code}: ${error.details}`);
  if (message !== undefined) assert.equal(error.details, message);
}

const cases = {
  async empty_unary({ test }) {
    const { error, response } = await unary(test, "EmptyCall", {});
    assert.ifError(error);
    assert.deepEqual(response, {});
  },

  async large_unary({ test }) {
    const request = { response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST) };
    const { error, response } = await unary(test, "UnaryCall", request);
    assert.ifError(error);
    assert.ok(response.payload.body.equals(Buffer.alloc(LARGE_RESPONSE)), "wrong payload");
  },

  async client_streaming({ test }) {
    const requests = [27182, 8, 1828, 45904].map((size) => ({ payload: payload(size) }));
    const { error, response } = await sendAll(test, requests);
    assert.ifError(error);
    assert.equal(response.aggregated_payload_size, 74922);
  },

  async server_streaming({ test }) {
    const request = { response_parameters: sized(31415, 9, 2653, 58979) };
    const result = await collect(test.StreamingOutputCall(request, within(20)));
    assert.ifError(result.error);
    assert.deepEqual(sizes(result), [31415, 9, 2653, 58979]);
  },

  async ping_pong({ test }) {
    const pings = [[27182, 31415], [8, 9], [1828, 2653], [45904, 58979]];
    const call = test.FullDuplexCall(within(20));
    const ping = (turn) => {
      if (turn === pings.length) return call.end();
      const [size, answer] = pings[turn];
      return call.write({ response_parameters: sized(answer), payload: payload(size) });
    };
    const collecting = collect(call, (_, count) => ping(count));
    ping(0);
    const result = await collecting;
    assert.ifError(result.error);
    assert.deepEqual(sizes(result), pings.map(([, answer]) => answer));
  },

  async empty_stream({ test }) {
    const call = test.FullDuplexCall(within(20));
    call.end();
    const result = await collect(call);
    assert.ifError(result.error);
    assert.deepEqual(result.messages, []);
  },

  async cancel_after_begin({ test }) {
    const result = await new Promise((resolve) => {
      const call = test.StreamingInputCall(new grpc.Metadata(), within(20), (error) => resolve({ error }));
      call.cancel();
    });
    checkStatus(result, grpc.status.CANCELLED);
  },

  async cancel_after_first_response({ test }) {
    const call = test.FullDuplexCall(within(20));
    const collecting = collect(call, () => call.cancel());
    call.write({ response_parameters: sized(31415), payload: payload(27182) });
    const result = await collecting;
    assert.equal(result.messages.length, 1);
    checkStatus(result, grpc.status.CANCELLED);
  },

  async timeout_on_sleeping_server({ test }) {
    const call = test.FullDuplexCall({ deadline: Date.now() + 1 });
    const collecting = collect(call);
    call.write({ payload: payload(27182) });
    checkStatus(await collecting, grpc.status.DEADLINE_EXCEEDED);
  },

  async custom_metadata({ test }) {
    const metadata = new grpc.Metadata();
    metadata.set("x-grpc-test-echo-initial", "test_initial_metadata_value");
    metadata.set("x-grpc-test-echo-trailing-bin", Buffer.from([0xab, 0xab, 0xab]));
    const check = ({ error, headers, trailers }) => {
      assert.ifError(error);
      assert.deepEqual(headers.get("x-grpc-test-echo-initial"), ["test_initial_metadata_value"]);
      assert.deepEqual(trailers.get("x-grpc-test-echo-trailing-bin"), [Buffer.from([0xab, 0xab, 0xab])]);
    };
    check(await unary(test, "UnaryCall", { response_size: 1, payload: payload(1) }, metadata));
    const call = test.FullDuplexCall(metadata, within(20));
    const collecting = collect(call);
    call.write({ response_parameters: sized(1), payload: payload(1) });
    call.end();
    check(await collecting);
  },

  async status_code_and_message({ test }) {
    const response_status = { code: 2, message: "test status message" };
    checkStatus(await unary(test, "UnaryCall", { response_status }), 2, response_status.message);
    const call = test.FullDuplexCall(within(20));
    const collecting = collect(call);
    call.write({ response_status });
    call.end();
    checkStatus(await collecting, 2, response_status.message);
  },

  async special_status_message({ test }) {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n";
    checkStatus(await unary(test, "UnaryCall", { response_status: { code: 2, message } }), 2, message);
  },

  async unimplemented_method({ test }) {
    checkStatus(await unary(test, "UnimplementedCall", {}), grpc.status.UNIMPLEMENTED);
  },

  async unimplemented_service({ unimplemented }) {
    checkStatus(await unary(unimplemented, "UnimplementedCall", {}), grpc.status.UNIMPLEMENTED);
  },

  async client_compressed_unary({ test, zipped }) {
    const request = (value) => (
      { expect_compressed: { value }, response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST) });
    checkStatus(await unary(test, "UnaryCall", request(true)), grpc.status.INVALID_ARGUMENT);
    for (const [client, value] of [[zipped().test, true], [test, false]]) {
      const { error, response } = await unary(client, "UnaryCall", request(value));
      assert.ifError(error);
      assert.equal(response.payload.body.length, LARGE_RESPONSE);
    }
  },

  async server_compressed_unary({ test }) {
    for (const value of [true, false]) {
      const request = {
        response_compressed: { value }, response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST),
      };
      const { error, response } = await unary(test, "UnaryCall", request);
      assert.ifError(error);
      assert.ok(response.payload.body.equals(Buffer.alloc(LARGE_RESPONSE)), "wrong payload");
    }
  },

  async server_compressed_streaming({ test }) {
    const request = {
      response_parameters: [
        { size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } },
      ],
    };
    const result = await collect(test.StreamingOutputCall(request, within(20)));
    assert.ifError(result.error);
    assert.deepEqual(sizes(result), [31415, 92653]);
  },

  // grpc-js on this Node compresses a whole call, not single messages: all are compressed here, none in the probe.
  async client_compressed_streaming({ test, zipped }) {
    const requests = [27182, 45904].map((size) => ({ expect_compressed: { value: true }, payload: payload(size) }));
    checkStatus(await sendAll(test, requests), grpc.status.INVALID_ARGUMENT);
    const { error, response } = await sendAll(zipped().test, requests);
    assert.ifError(error);
    assert.equal(response.aggregated_payload_size, 73086);
  },
};

const [target, ...wanted] = process.argv.slice(2);
if (!target) {
  console.error("usage: node interop.mjs HOST:PORT [case ...]");
  process.exit(2);
}

const client = connect(target);
let passed = 0;
let failed = 0;
for (const [name, play] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    await play(client);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.message}`);
  }
}

const manifest = createRequire(import.meta.url).resolve("@grpc/grpc-js/package.json");
const { version } = JSON.parse(readFileSync(manifest));
console.log(`@grpc/grpc-js ${version}: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
