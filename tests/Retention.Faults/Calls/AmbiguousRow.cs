using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.V1;

namespace Retention.Faults.Calls;

/// <summary>
/// R4: the answer never arrives, and the request may still be on its way. Each such call is settled by GetOperation and,
/// where it was not applied yet, by SealOperation; what was sealed never applies, however late the request comes.
/// </summary>
internal static class AmbiguousRow
{
    private const int Customers = 20;
    private const int AtOnce = 50;
    private static readonly RpcPatience Impatient = new(TimeSpan.FromMilliseconds(150), TimeSpan.Zero);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "ambiguous", Customers);
        var direct = platform.As(shop.Key);
        await using var slow = new ChaosProxy(() => server.Grpc) { Weather = new Weather { JitterMs = 500 } };
        await using var mute = new ChaosProxy(() => server.Grpc) { Weather = new Weather { HoldsAnswers = true } };
        var wanted = sheet.Of(2_000, 20_000);
        var (applied, sealedOnes, answered, wrong) = (new List<Order>(), new List<Order>(), 0, new List<string>());
        await Parallel.ForAsync(0, wanted, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, stop) =>
        {
            var order = new Order($"a{number}", $"c{number % Customers}", OrderKind.Buy);
            if (await IsAnsweredAsync(number % 2 == 0 ? slow : mute, shop.Key, order, stop)) Interlocked.Increment(ref answered);
            var state = await SettleAsync(direct, order.Id, stop);
            lock (wrong)
            {
                if (state == OperationState.Applied) applied.Add(order);
                else if (state == OperationState.Sealed) sealedOnes.Add(order);
                else wrong.Add($"{order.Id} is {state} and not settled");
            }
        });

        // Every request that was on its way arrives now, and each sealed one is sent once more.
        slow.Weather = new Weather();
        await Task.Delay(TimeSpan.FromSeconds(1));
        await Shop.Each(sealedOnes, async order =>
        {
            try
            {
                await Shop.AskAsync(direct, order, default);
                lock (wrong) wrong.Add($"{order.Id} applied though it was sealed");
            }
            catch (RpcCallException refusal)
            {
                if (refusal.Reason != "OPERATION_SEALED") lock (wrong) wrong.Add($"{order.Id}: {refusal.Reason}");
            }
        });
        var lost = 0L;
        await Shop.Each(applied, async order =>
        {
            if (await Shop.PositionAsync(direct, order.Id) == 0) Interlocked.Increment(ref lost);
        });
        var doubled = 0L;
        for (var number = 0; number < Customers; number++)
        {
            var read = new Order("", $"c{number}", OrderKind.Read);
            var sum = applied.Where(x => x.Customer == read.Customer).Sum(x => x.Change);
            if ((await Shop.AskAsync(direct, read, default)).Shown != sum) doubled++;
        }

        await server.StopAsync();
        var verified = await VerifyCommand.VerifyAsync(server.DataFolder, ConsoleProgress.Silent, default);
        sheet.Add(
            new Outcome(
                "R4 ambiguous calls", wanted, applied.Count, lost, doubled, wrong.Count + verified.Differences,
                $"(answered in time {answered}, found applied {applied.Count - answered}, sealed {sealedOnes.Count})"),
            wrong);
        sheet.Control(
            "R4", sealedOnes.Count > 0 && applied.Count > answered,
            "both ways out were taken: found applied, and sealed");
    }

    private static async Task<bool> IsAnsweredAsync(ChaosProxy proxy, string key, Order order, CancellationToken stop)
    {
        using var client = new RpcClient(proxy.Endpoint, key, Impatient);
        try
        {
            await Shop.AskAsync(client, order, stop);
            return true;
        }
        catch (RpcCallException lost) when (lost.IsTransient || lost.Reason == "OPERATION_SEALED")
        {
            return false;
        }
    }

    private static async Task<OperationState> SettleAsync(RpcClient direct, string id, CancellationToken stop)
    {
        var found = await Shop.OperationAsync(direct, id);
        if (found.State == OperationState.Applied) return found.State;
        var ended = await direct.Call<SealOperationResponse>(
            "retention.v1.OperationService/SealOperation", new SealOperationRequest { RequestId = id }, stop);
        return ended.Operation.State;
    }
}
