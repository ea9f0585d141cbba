using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Retention.Server.Load;
using Retention.Server.Load.Http2;

namespace Retention.Server.Tests.Load;

/// <summary>The load client against Kestrel itself, which knows HTTP/2 better than we do.</summary>
public sealed class LoadRunTests : IAsyncLifetime
{
    private readonly ConcurrentBag<string> _served = [];
    private WebApplication _app = null!;
    private Func<string, HttpContext, Task> _answer = (_, http) => Answer(http, "0");

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2);
            kestrel.Limits.Http2.MaxStreamsPerConnection = 20;
        });
        _app = builder.Build();
        _app.Run(Serve);
        await _app.StartAsync();
    }

    public Task DisposeAsync() => _app.DisposeAsync().AsTask();

    [Fact]
    public void Every_call_arrives_once_and_is_counted_once()
    {
        var result = Run(Numbers(5000), new LoadPlan { Concurrency = 64 });

        Assert.Equal(5000, result.Calls.Measured(CallOutcome.Ok));
        Assert.Equal(5000, result.Calls.Latencies.Count);
        Assert.Equal(Enumerable.Range(0, 5000).Select(number => $"call-{number:D12}"), _served.Order());
        Assert.Equal(4, result.Connections);
    }

    [Fact]
    public void More_calls_than_one_connection_takes_spread_over_more_connections()
    {
        var result = Run(Numbers(2000), new LoadPlan { Concurrency = 120 });

        Assert.Equal(2000, result.Calls.Measured(CallOutcome.Ok));
        Assert.Equal(6, result.Connections);
    }

    [Fact]
    public void Each_status_is_counted_as_what_it_is()
    {
        string[] statuses = ["0", "9", "14", "", "17"];
        _answer = (text, http) => Answer(http, statuses[int.Parse(text[^3..]) % statuses.Length]);

        var calls = Run(Numbers(500), new LoadPlan { Concurrency = 10, KeepsFailed = true }).Calls;

        Assert.Equal(100, calls.Measured(CallOutcome.Ok));
        Assert.Equal(100, calls.Measured(9));
        Assert.Equal(100, calls.Measured(14));
        Assert.Equal(200, calls.Measured(CallOutcome.NoStatus));
        Assert.Equal(Enumerable.Range(0, 500).Where(number => number % 5 != 0).Select(number => (long)number), calls.Failed.Order());
    }

    [Fact]
    public void A_status_without_a_body_is_read_from_the_headers()
    {
        _answer = (_, http) =>
        {
            http.Response.ContentType = "application/grpc";
            http.Response.Headers["grpc-status"] = "16";
            return Task.CompletedTask;
        };

        Assert.Equal(50, Run(Numbers(50), new LoadPlan { Concurrency = 5 }).Calls.Measured(16));
    }

    [Fact]
    public void Large_answers_and_long_headers_pass()
    {
        _answer = async (_, http) =>
        {
            http.Response.Headers["x-long"] = new string('a', 20_000);
            await http.Response.Body.WriteAsync(new byte[100_000]);
            http.Response.AppendTrailer("grpc-status", "0");
        };

        Assert.Equal(2000, Run(Numbers(2000), new LoadPlan { Concurrency = 8 }).Calls.Measured(CallOutcome.Ok));
    }

    [Fact]
    public void A_stream_that_is_reset_is_an_error_and_the_rest_goes_on()
    {
        _answer = (text, http) =>
        {
            if (text[^1] != '7') return Answer(http, "0");
            http.Features.Get<IHttpResetFeature>()!.Reset(2);
            return Task.CompletedTask;
        };

        var calls = Run(Numbers(1000), new LoadPlan { Concurrency = 16 }).Calls;

        Assert.Equal(900, calls.Measured(CallOutcome.Ok));
        Assert.Equal(100, calls.Measured(CallOutcome.Reset));
    }

    [Fact]
    public void A_connection_whose_stream_numbers_are_used_up_is_replaced()
    {
        var result = Run(Numbers(1000), new LoadPlan { Concurrency = 4, LastStreamId = 99 });

        Assert.Equal(1000, result.Calls.Measured(CallOutcome.Ok));
        Assert.Equal(1000, _served.Distinct().Count());
        Assert.InRange(result.Connections, 20, 24);
    }

    [Fact]
    public void Calls_of_a_broken_connection_are_lost_and_the_next_connection_goes_on()
    {
        _answer = (text, http) =>
        {
            if (!text.EndsWith("500", StringComparison.Ordinal)) return Answer(http, "0");
            http.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>()!.Abort();
            return Task.CompletedTask;
        };

        var result = Run(Numbers(1000), new LoadPlan { Concurrency = 1 });

        Assert.Equal(1, result.Calls.Measured(CallOutcome.Lost));
        Assert.Equal(999, result.Calls.Measured(CallOutcome.Ok));
        Assert.Equal(2, result.Connections);
    }

    [Fact]
    public void Only_calls_after_the_warm_up_are_measured()
    {
        var plan = new LoadPlan { Concurrency = 1, WarmUp = TimeSpan.FromSeconds(1) };

        var result = Run(new Workload("/pkg.Service/Method", Message(), PausedUntilAfter(plan.WarmUp)), plan);

        Assert.Equal(200, result.Calls.Total(CallOutcome.Ok));
        Assert.InRange(result.Calls.Measured(CallOutcome.Ok), 100, 199);
        Assert.Equal(result.Calls.Measured(CallOutcome.Ok), result.Calls.Latencies.Count);
        Assert.InRange(result.MeasuredSeconds, 0.001, 60);
    }

    [Fact]
    public void The_measured_time_ends_the_run()
    {
        var plan = new LoadPlan { Concurrency = 8, Duration = TimeSpan.FromMilliseconds(300) };

        var result = Run(new Workload("/pkg.Service/Method", Message()), plan);

        Assert.Equal(_served.Count, result.Calls.Total(CallOutcome.Ok));
        Assert.Equal(0.3, result.MeasuredSeconds, 3);
    }

    [Fact]
    public void A_server_that_is_not_there_is_named()
    {
        var run = new LoadRun(new LoadTarget(new Uri("http://127.0.0.1:1"), null), new LoadPlan { Concurrency = 1 });

        var error = Assert.Throws<LoadException>(() => run.Execute(Numbers(1), CancellationToken.None));

        Assert.Equal("Nothing answers at 127.0.0.1:1.", error.Message);
    }

    private static async Task Answer(HttpContext http, string status)
    {
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(new byte[5]);
        if (status.Length > 0) http.Response.AppendTrailer("grpc-status", status);
    }

    private static PreparedMessage Message()
    {
        var number = new DigitField(1, number => number);
        return new PreparedMessage(new StringValue { Value = $"call-{number}" }, number);
    }

    private static Workload Numbers(int count) =>
        new("/pkg.Service/Method", Message(), Enumerable.Range(0, count).Select(number => (long)number));

    private static IEnumerable<long> PausedUntilAfter(TimeSpan warmUp)
    {
        var startedAt = Stopwatch.GetTimestamp();
        for (var number = 0; number < 200; number++)
        {
            if (number == 100) SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(startedAt) > warmUp * 1.2);
            yield return number;
        }
    }

    private LoadResult Run(Workload workload, LoadPlan plan) =>
        new LoadRun(new LoadTarget(new Uri(_app.Urls.Single()), "secret"), plan)
            .Execute(workload, CancellationToken.None);

    private async Task Serve(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var text = StringValue.Parser.ParseFrom(body.GetBuffer().AsSpan(5, (int)body.Length - 5)).Value;
        if (http.Request.Headers.Authorization != "Bearer secret" || http.Request.Path != "/pkg.Service/Method")
        {
            text = "unknown caller";
        }

        _served.Add(text);
        await _answer(text, http);
    }
}
