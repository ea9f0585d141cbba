using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Testing;
using Retention.Transport.Tests.Support;

namespace Retention.Transport.Tests;

public class TelemetryTests
{
    private const string Method = "grpc.testing.TestService/CacheableUnaryCall";

    [Fact]
    public async Task Each_call_is_measured_under_the_name_of_its_method_and_its_status()
    {
        var measured = new ConcurrentQueue<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Retention.Transport") self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, seconds, tags, _) =>
        {
            Assert.Equal(("rpc.server.call.duration", "s"), (instrument.Name, instrument.Unit));
            Assert.InRange(seconds, 0, 20);
            var text = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            if (text.Contains(Method) || text.Contains("_OTHER")) measured.Enqueue(text);
        });
        listener.Start();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (request, _) => request.ResponseSize == 0
                ? ValueTask.FromResult(new SimpleResponse())
                : throw new RpcFailure((RpcStatus)request.ResponseSize, "No."),
        });

        await host.Call("CacheableUnaryCall", new SimpleRequest());
        await host.Call("CacheableUnaryCall", new SimpleRequest { ResponseSize = (int)RpcStatus.NotFound });
        await host.Call("CacheableUnaryCall", new SimpleRequest { ResponseSize = (int)RpcStatus.Unavailable });
        await host.Call("AnnaSchmidt", new SimpleRequest());

        string[] expected =
        [
            $"rpc.system.name=grpc rpc.method={Method} rpc.response.status_code=OK",
            $"rpc.system.name=grpc rpc.method={Method} rpc.response.status_code=NOT_FOUND",
            $"rpc.system.name=grpc rpc.method={Method} rpc.response.status_code=UNAVAILABLE error.type=UNAVAILABLE",
            "rpc.system.name=grpc rpc.method=_OTHER rpc.response.status_code=UNIMPLEMENTED error.type=UNIMPLEMENTED",
        ];

        // A call is counted after its answer has left; unknown methods of other tests may stand among them.
        Assert.True(SpinWait.SpinUntil(() => expected.All(measured.Contains), Some.Patience));
        Assert.Equal(3, measured.Count(text => text.Contains(Method)));
    }

    [Fact]
    public async Task The_span_of_the_host_carries_the_name_of_the_method_and_the_trace_of_the_caller()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var traceId = ActivityTraceId.CreateRandom().ToHexString();
        await using var host = await TestHost.Start(new ScriptedService
        {
            Unary = (_, _) => throw new RpcFailure(RpcStatus.DataLoss, "No."),
        });

        var parent = $"00-{traceId}-00f067aa0ba902b7-01";
        await host.Call("CacheableUnaryCall", new SimpleRequest(), ("traceparent", parent));

        Activity? span = null;
        Assert.True(SpinWait.SpinUntil(
            () => (span = spans.FirstOrDefault(s => s.TraceId.ToHexString() == traceId)) is not null,
            Some.Patience));
        Assert.Equal((Method, "00f067aa0ba902b7"), (span!.DisplayName, span.ParentSpanId.ToHexString()));
        Assert.Equal("grpc", span.GetTagItem("rpc.system.name"));
        Assert.Equal(Method, span.GetTagItem("rpc.method"));
        Assert.Equal("DATA_LOSS", span.GetTagItem("rpc.response.status_code"));
        Assert.Equal("DATA_LOSS", span.GetTagItem("error.type"));
    }
}
