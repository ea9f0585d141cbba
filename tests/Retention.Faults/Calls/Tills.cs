using Retention.Server.Client;

namespace Retention.Faults.Calls;

/// <summary>
/// Tills at work, each on connections of its own, until they are closed. Each sends an order again until it is answered,
/// as the README tells clients to.
/// </summary>
internal sealed class Tills : IAsyncDisposable
{
    private static readonly RpcPatience Patience = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(90));
    private static int runs;
    private readonly CancellationTokenSource close = new();
    private readonly Task[] atWork;
    private readonly Shop shop;

    private Tills(Shop shop, Func<Uri> endpoint, int count, int customers)
    {
        this.shop = shop;
        var run = Interlocked.Increment(ref runs);
        atWork = [.. Enumerable.Range(0, count).Select(till => WorkAsync($"{run}.{till}", till, endpoint, customers))];
    }

    public static Tills Open(Shop shop, Func<Uri> endpoint, int count, int customers) => new(shop, endpoint, count, customers);

    /// <summary>Waits until so many more orders were answered.</summary>
    public async Task AnswersAsync(int more)
    {
        var enough = shop.Told.Count + more;
        var deadline = DateTime.UtcNow + TimeSpan.FromMinutes(2);
        while (shop.Told.Count < enough)
        {
            if (atWork.FirstOrDefault(x => x.IsFaulted) is { } failed) await failed;
            if (DateTime.UtcNow > deadline) throw new TimeoutException($"Only {shop.Told.Count} of {enough} answers came in time.");
            await Task.Delay(10);
        }
    }

    /// <summary>Lets every till finish its order.</summary>
    public async Task CloseAsync()
    {
        await close.CancelAsync();
        await Task.WhenAll(atWork);
    }

    public async ValueTask DisposeAsync()
    {
        await close.CancelAsync();
        await Task.WhenAll(atWork).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        close.Dispose();
    }

    private async Task WorkAsync(string name, int till, Func<Uri> endpoint, int customers)
    {
        using var client = RpcClient.Following(endpoint, shop.Key, Patience);
        for (var number = 0; !close.IsCancellationRequested; number++)
        {
            await shop.DoAsync(client, new Order($"{name}.{number}", $"c{(till + number) % customers}", (OrderKind)(number % 3)));
        }
    }
}
