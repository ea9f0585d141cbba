using System.Diagnostics;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using Retention.Engine.Hosting;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Hosting;
using Retention.V1;

namespace Retention.Faults.Time;

/// <summary>
/// N5: the wall clock of a server with tills is ten days ahead, ten days back, runs a hundred times too fast, shakes. No
/// point expires early, no fact is recorded more than a minute off, and no customer's facts go back in time. Control: a
/// start with a clock that is ten days ahead takes it for right, and points expire.
/// </summary>
internal static class ClockRow
{
    private const int TillCount = 6;
    private const int Customers = 6;
    private const int AnswersBetween = 30;
    private const int LotDays = 5;
    private static readonly TimeSpan OffMost = GuardedClock.ApartMax.ToTimeSpan() + TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>What the wall clock is ahead, from the time since the script began and chance.</summary>
    private static readonly (string Name, Func<TimeSpan, Random, TimeSpan> Ahead)[] Scripts =
    [
        ("ten days ahead", (_, _) => TimeSpan.FromDays(10)),
        ("ten days back", (_, _) => TimeSpan.FromDays(-10)),
        ("a hundred times too fast", (since, _) => 99 * since),
        ("shakes by half a minute", (_, random) => TimeSpan.FromSeconds((60 * random.NextDouble()) - 30)),
        ("shakes by ten days", (_, random) => TimeSpan.FromDays((20 * random.NextDouble()) - 10)),
    ];

    public static async Task RunAsync(Sheet sheet)
    {
        using var log = new Quiet();
        using var folder = new Folder();
        var data = folder.New();
        var wall = new WrongWall();
        var random = new Random(5);
        var rounds = sheet.Of(1, 10);
        Shop? last = null;
        await using (var server = await StartAsync(data, wall))
        {
            using var platform = new RpcClient(EndpointOf(server), Bootstrap(data), RpcPatience.Default);
            for (var index = 0; index < Scripts.Length; index++)
            {
                var (name, ahead) = Scripts[index];
                var shop = last = await OpenAsync(platform, $"n5-{index}");
                var began = DateTimeOffset.UtcNow;
                await using var tills = Tills.Open(shop, () => EndpointOf(server), TillCount, Customers);
                for (var round = 0; round < rounds; round++)
                {
                    await tills.AnswersAsync(AnswersBetween);
                    var since = Stopwatch.GetTimestamp();
                    var enough = shop.Told.Count + AnswersBetween;
                    while (shop.Told.Count < enough || Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(1))
                    {
                        wall.Ahead = ahead(Stopwatch.GetElapsedTime(since), random);
                        await Task.Delay(Step);
                    }

                    wall.Ahead = TimeSpan.Zero;
                }

                await tills.AnswersAsync(AnswersBetween);
                await tills.CloseAsync();
                var till = platform.As(shop.Key);
                wall.Ahead = TimeSpan.FromDays(10);
                var (lost, doubled, wrong) = await shop.SettleAsync(till);
                wall.Ahead = TimeSpan.Zero;
                wrong.AddRange(await WrongTimesAsync(till, began, DateTimeOffset.UtcNow));
                sheet.Add(new Outcome($"N5 {name}", rounds, shop.Told.Count, lost, doubled, wrong.Count), wrong);
            }

            await server.StopAsync();
        }

        wall.Ahead = TimeSpan.FromDays(10);
        await using var again = await StartAsync(data, wall);
        using var later = new RpcClient(EndpointOf(again), last!.Key, RpcPatience.Default);
        var expired = await last.WrongSumsAsync(later);
        sheet.Control("N5", expired > 0, $"started ten days ahead, {expired} of {Customers} customers have lost points");
        await again.StopAsync();
    }

    private static Task<RetentionServer> StartAsync(string data, TimeProvider time) => RetentionServer.StartAsync(
        new ServerOptions
        {
            DataDirectory = data, Time = time, Grpc = new IPEndPoint(IPAddress.Loopback, 0), Http = new IPEndPoint(IPAddress.Loopback, 0),
        },
        default);

    private static Uri EndpointOf(RetentionServer server) => new($"http://{server.Grpc}");

    private static string Bootstrap(string data) => File.ReadAllText(Path.Combine(data, "bootstrap.key")).Trim();

    private static async Task<Shop> OpenAsync(RpcClient platform, string name)
    {
        var shop = await Shop.OpenAsync(platform, name, Customers);
        await platform.As(shop.Key).Call<UpdateProgramResponse>("retention.v1.TenantService/UpdateProgram", new UpdateProgramRequest
        {
            RequestId = "expire",
            Program = new V1.Program { LotDays = LotDays },
            UpdateMask = FieldMask.FromString("lot_days"),
        });
        return shop;
    }

    /// <summary>Facts recorded before or after they can have happened, and such as are earlier than their thing's last.</summary>
    private static async Task<List<string>> WrongTimesAsync(RpcClient client, DateTimeOffset from, DateTimeOffset until)
    {
        var (wrong, last) = (new List<string>(), new Dictionary<(string Kind, string Id), DateTimeOffset>());
        using var stream = client.Open<WatchJournalRequest, WatchJournalResponse>("retention.v1.FeedService/WatchJournal", default);
        await stream.WriteAsync(new WatchJournalRequest { UntilNow = true });
        stream.Complete();
        while (await stream.ReadAsync() is { } told)
        {
            foreach (var fact in told.Entries)
            {
                var at = fact.RecordTime.ToDateTimeOffset();
                if (at > until + OffMost || (fact.GrainKind == "customer" && at < from - OffMost)) wrong.Add($"{fact.Kind} of {fact.GrainId} at {at:O}");
                if (last.TryGetValue((fact.GrainKind, fact.GrainId), out var before) && at < before) wrong.Add($"{fact.Kind} of {fact.GrainId} goes back from {before:O} to {at:O}");
                last[(fact.GrainKind, fact.GrainId)] = at;
            }
        }

        return wrong;
    }

    /// <summary>The monotonic clock is the machine's; that on the wall is ahead.</summary>
    private sealed class WrongWall : TimeProvider
    {
        private long ahead;

        public TimeSpan Ahead
        {
            set => Volatile.Write(ref ahead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref ahead));
    }
}
