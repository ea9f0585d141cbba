using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Commands;
using Retention.Server.Demo;

namespace Retention.Faults.Calls;

/// <summary>N3: bad networks between tills and server. Every order is answered in the end, once, in an order that explains all.</summary>
internal static class NetworkRow
{
    private const int TillCount = 12;
    private const int Customers = 8;

    private static readonly (string Name, Weather[] Weathers)[] Scripts =
    [
        ("delay", [new() { DelayMs = 30 }]),
        ("jitter, answers overtake each other", [new() { JitterMs = 200 }]),
        ("cut in the middle of a frame", [new() { CutOneIn = 12 }]),
        ("cut often, slowly", [new() { CutOneIn = 5, DelayMs = 10 }]),
        ("pieces of one byte", [new() { PieceBytes = 1 }]),
        ("one byte a second", [new() { PieceBytes = 1, DelayMs = 1_000 }, Weather.Calm]),
        ("half open, requests vanish", [new() { HoldsRequests = true }, Weather.Calm]),
        ("half open, answers vanish", [new() { HoldsAnswers = true }, Weather.Calm]),
        ("both ways dead and alive", [new() { HoldsRequests = true, HoldsAnswers = true }, new() { DelayMs = 1 }]),
        ("everything in turn",
        [
            new() { JitterMs = 100 }, new() { CutOneIn = 8 }, new() { HoldsAnswers = true }, new() { PieceBytes = 7 },
            new() { HoldsRequests = true }, new() { CutOneIn = 3, JitterMs = 50 },
        ]),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var rounds = sheet.Of(1, 8);
        foreach (var (name, weathers) in Scripts)
        {
            var shop = await Shop.OpenAsync(platform, $"n3-{Array.FindIndex(Scripts, x => x.Name == name)}", Customers);
            await using var proxy = new ChaosProxy(() => server.Grpc);
            await using var tills = Tills.Open(shop, () => proxy.Endpoint, TillCount, Customers);
            await tills.AnswersAsync(30);
            for (var turn = 0; turn < rounds * weathers.Length; turn++)
            {
                proxy.Weather = weathers[turn % weathers.Length];
                await Task.Delay(TimeSpan.FromSeconds(weathers.Length > 2 ? 0.5 : 1.5));
            }

            // A fresh value, so that what is held is let go.
            proxy.Weather = new Weather();
            await tills.AnswersAsync(30);
            await tills.CloseAsync();
            var (lost, doubled, wrong) = await shop.SettleAsync(platform.As(shop.Key));
            sheet.Add(new Outcome($"N3 {name}", rounds * weathers.Length, shop.Told.Count, lost, doubled, wrong.Count), wrong);
        }

        await server.StopAsync();
        var verified = await VerifyCommand.VerifyAsync(server.DataFolder, ConsoleProgress.Silent, default);
        sheet.Add(new Outcome("N3 verify", 1, verified.Events, 0, 0, verified.Differences));
    }
}
