using System.Diagnostics;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Retention.V1;

namespace Retention.Faults.Feed;

/// <summary>
/// V1: a consumer outside the server follows the journal over gRPC while tills work and, on PostgreSQL with two nodes, a
/// commit is held up for five seconds while others want to commit. It is told everything, once, in order. V2: a consumer
/// that begins at zero meanwhile has at the same position the same digest.
/// </summary>
internal static class ProjectionRow
{
    private const int TillCount = 8;
    private const int Customers = 12;
    private const int GateKey = 4242;
    private static readonly TimeSpan CatchesUpWithin = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Sheet sheet)
    {
        await OnSqliteAsync(sheet);
        if (PostgresServer.IsInstalled) await OnPostgresAsync(sheet);
        else sheet.Skip("V1 on PostgreSQL", PostgresServer.Missing);
    }

    private static async Task OnSqliteAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New());
        await FollowAsync(sheet, "on SQLite", server, sheet.Of(1, 10), () => Task.Delay(TimeSpan.FromSeconds(2)));
    }

    private static async Task OnPostgresAsync(Sheet sheet)
    {
        using var database = PostgresServer.StartNew();
        var connection = database.CreateDatabase();
        var name = connection.Split(';').First(x => x.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
        using var folder = new Folder();
        await using var server = new DemoServer(folder.New(), new PostgresOptions { ConnectionString = connection }, nodeCount: 2);
        var hasGate = false;
        await FollowAsync(sheet, "on PostgreSQL, a commit held up for 5 s", server, sheet.Of(1, 8), async () =>
        {
            // Whoever is writing to the journal while the gate is shut waits, and has its position already.
            if (!hasGate)
            {
                database.Sql(name, "SET search_path = retention; CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS "
                    + $"$$ BEGIN PERFORM pg_advisory_xact_lock_shared({GateKey}); RETURN NEW; END $$; "
                    + "CREATE TRIGGER gate AFTER INSERT ON grain_commit FOR EACH ROW EXECUTE FUNCTION gate()");
                hasGate = true;
            }

            await Task.Run(() => database.Sql(name, $"SELECT pg_advisory_lock({GateKey}), pg_sleep(5)"));
        });
    }

    private static async Task FollowAsync(Sheet sheet, string where, DemoServer server, int cycles, Func<Task> happens)
    {
        await server.StartAsync(default);
        using var platform = server.Client(server.BootstrapKey());
        var shop = await Shop.OpenAsync(platform, "followed", Customers);
        using var client = RpcClient.Following(() => server.Grpc, shop.Key, RpcPatience.Default);
        using var stop = new CancellationTokenSource();
        var live = new Projection();
        var following = Follower.FollowAsync(client, live, stop.Token);
        var (rebuilt, wrong, differing) = (0, new List<string>(), 0L);
        var tills = Tills.Open(shop, () => server.Grpc, TillCount, Customers);
        await using (tills)
        {
            await tills.AnswersAsync(50);
            for (var cycle = 0; cycle < cycles; cycle++)
            {
                var happening = happens();
                var anew = await Follower.RebuildAsync(client);
                await happening;
                await tills.AnswersAsync(30);
                rebuilt++;
                wrong.AddRange(anew.Wrong);
                if (!await IsReachedAsync(live, anew.Position)) wrong.Add($"the follower has not reached {anew.Position}");
                else if (DigestAt(live, anew.Position) != anew.Digest) differing++;
            }

            await tills.CloseAsync();
        }

        var last = await Follower.RebuildAsync(client);
        if (!await IsReachedAsync(live, last.Position)) wrong.Add($"the follower has not reached the end, {last.Position}");
        await stop.CancelAsync();
        await following;
        if (last.Digest != live.Digest) differing++;
        wrong.AddRange(live.Wrong);
        var bought = shop.Told.Where(x => x.Order.Kind == OrderKind.Buy).Select(x => x.Order.Id).ToList();
        var lost = bought.Count(x => live.CountOf(x) == 0);
        var doubled = bought.Count(x => live.CountOf(x) > 1) + WrongSums(shop, live);
        sheet.Add(new Outcome($"V1 follower {where}", cycles, shop.Told.Count, lost, doubled, wrong.Count, $"({live.Entries} facts)"), wrong);
        sheet.Add(new Outcome($"V2 rebuild {where}", rebuilt + 1, last.Entries, 0, 0, differing));
        await ControlAsync(sheet, where, client, last);
    }

    // A consumer that goes by a number that is not the order of commits misses what commits late.
    private static async Task ControlAsync(Sheet sheet, string where, RpcClient client, Projection whole)
    {
        var (told, forged) = (new List<JournalEntry>(), new Projection());
        using (var stream = client.Open<WatchJournalRequest, WatchJournalResponse>("retention.v1.FeedService/WatchJournal", default))
        {
            await stream.WriteAsync(new WatchJournalRequest { UntilNow = true });
            stream.Complete();
            while (await stream.ReadAsync() is { } some) told.AddRange(some.Entries);
        }

        var late = told.FindIndex(told.Count / 2, x => x is { GrainKind: "customer", Kind: "purchase" });
        for (var index = 0; index < told.Count; index++)
        {
            if (told[index].Position != told[late].Position) forged.Apply(told[index]);
        }

        sheet.Control($"V {where}", forged.Wrong.Count > 0 && forged.Digest != whole.Digest, "one commit of the middle was skipped");
    }

    private static int WrongSums(Shop shop, Projection live) => shop.Told.GroupBy(x => x.Order.Customer)
        .Count(x => live.BalanceOf(x.Key) != x.Sum(told => told.Order.Change));

    private static string? DigestAt(Projection live, long position)
    {
        lock (live) return live.DigestAt(position);
    }

    private static async Task<bool> IsReachedAsync(Projection live, long position)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < CatchesUpWithin)
        {
            lock (live)
            {
                // At the next position, or at this one with all of it told.
                if (live.Position > position) return true;
            }

            await Task.Delay(20);
            lock (live)
            {
                if (live.Position >= position) return true;
            }
        }

        return false;
    }
}
