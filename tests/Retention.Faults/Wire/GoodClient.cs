using System.Collections.Concurrent;
using System.Diagnostics;
using Retention.Faults.Calls;
using Retention.Server.Client;

namespace Retention.Faults.Wire;

/// <summary>What a client that does nothing wrong got: the median and the errors.</summary>
internal sealed record Service(int Calls, int Errors, double MedianMs);

/// <summary>A till that asks and asks, on a connection of its own, while something happens.</summary>
internal sealed class GoodClient(Func<Uri> endpoint, string key, string customer = "c0")
{
    private const int AtOnce = 2;

    public async Task<Service> DuringAsync(Func<Task> happens, bool buys = false)
    {
        using var till = RpcClient.Following(endpoint, key, RpcPatience.Once);
        using var end = new CancellationTokenSource();
        var (times, errors) = (new ConcurrentBag<double>(), 0);
        var run = Guid.NewGuid().ToString("N")[..8];
        var asking = Enumerable.Range(0, AtOnce).Select(async lane =>
        {
            for (var number = 0; !end.IsCancellationRequested; number++)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    await Shop.AskAsync(till, new Order($"{run}.{lane}.{number}", customer, buys ? OrderKind.Buy : OrderKind.Read), default);
                    times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
                catch (RpcCallException)
                {
                    Interlocked.Increment(ref errors);
                }

                await Task.Delay(2);
            }
        }).ToArray();
        await happens();
        await end.CancelAsync();
        await Task.WhenAll(asking);
        var sorted = times.Order().ToArray();
        return new Service(sorted.Length + errors, errors, sorted.Length == 0 ? double.PositiveInfinity : sorted[sorted.Length / 2]);
    }
}
