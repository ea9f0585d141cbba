using System.Collections.Concurrent;
using System.Diagnostics;
using Retention.Faults.Calls;
using Retention.Server.Client;

namespace Retention.Faults.Wire;

/// <summary>What a client that does nothing wrong got: the time of each answer, sorted, and the errors.</summary>
internal sealed record Service(double[] Times, int Errors)
{
    public int Calls => Times.Length + Errors;

    public double MedianMs => Quantile(0.5);

    public double P99Ms => Quantile(0.99);

    public static Service All(IEnumerable<Service> parts) =>
        parts.Aggregate(new Service([], 0), (sum, x) => new Service([.. sum.Times.Concat(x.Times).Order()], sum.Errors + x.Errors));

    private double Quantile(double part) =>
        Times.Length == 0 ? double.PositiveInfinity : Times[Math.Min(Times.Length - 1, (int)(part * Times.Length))];
}

/// <summary>A till that asks and asks, on a connection of its own, while something happens.</summary>
internal sealed class GoodClient(Func<Uri> endpoint, string key, string customer = "c0", int pauseMs = 2)
{
    private const int AtOnce = 2;

    public async Task<Service> DuringAsync(Func<Task> happens, bool buys = false)
    {
        using var till = RpcClient.Following(endpoint, key, RpcPatience.Once);
        var run = Guid.NewGuid().ToString("N")[..8];
        return await DuringAsync(happens, id => Shop.AskAsync(
            till, new Order($"{run}.{id}", customer, buys ? OrderKind.Buy : OrderKind.Read), default));
    }

    /// <summary>The same with a call of the row's own.</summary>
    public async Task<Service> DuringAsync(Func<Task> happens, Func<string, Task> call)
    {
        using var end = new CancellationTokenSource();
        var (times, errors) = (new ConcurrentBag<double>(), 0);
        var asking = Enumerable.Range(0, AtOnce).Select(async lane =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    await call($"{lane}.{number}");
                    times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
                catch (Exception failed) when (failed is RpcCallException or HttpRequestException or IOException)
                {
                    Interlocked.Increment(ref errors);
                }

                await Task.Delay(pauseMs);
            }
        }).ToArray();
        await happens();
        await end.CancelAsync();
        await Task.WhenAll(asking);
        return new Service([.. times.Order()], errors);
    }
}
