using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Retention.Server.Load;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Retention.V1;

namespace Retention.Benchmarks.Designs;

/// <summary>
/// All subjects stand side by side; short runs alternate, so that whatever else the machine does meets them alike, each
/// begins when what the one before left behind is done, and each subject's median counts.
/// </summary>
internal sealed partial class DesignsRun(DesignsOrder order)
{
    private const string HotCodeName = "bench-hot";

    // Of a customer's number in his id.
    private static readonly int Digits = LoadWorkloads.CustomerId(0).Length - 1;

    private readonly List<(Subject Subject, bool IsOurs, List<Figures> Runs)> rows = [];
    private readonly List<double> fsyncs = [];
    private PostgresServer? postgres;
    private DatabaseServer? database;

    public async Task<int> Execute(CancellationToken stop)
    {
        if (!PostgresServer.IsInstalled)
        {
            await Console.Error.WriteLineAsync(PostgresServer.Missing);
            return 2;
        }

        postgres = PostgresServer.Instance;
        database = new DatabaseServer(postgres);
        database.Prepare();
        using var scratch = new Scratch("");
        try
        {
            await Prepare(scratch.Path, stop);
            var plan = new LoadPlan
            {
                Concurrency = order.Concurrency, WarmUp = TimeSpan.FromSeconds(3), Duration = TimeSpan.FromSeconds(order.Seconds),
            };

            // The first round is for the compiler and the caches.
            foreach (var row in rows) row.Subject.Measure(plan, order.Customers);
            for (var round = 0; round < order.Runs; round++)
            {
                fsyncs.Add(FsyncProbe.MedianMicroseconds(scratch.Path));
                foreach (var row in rows)
                {
                    IdleMachine.Await();
                    row.Runs.Add(row.Subject.Measure(plan, order.Customers));
                    Tell(row.Subject.Name, row.Runs[^1]);
                }
            }

            Report(PgBench(scratch.Path));
            return rows.Exists(row => row.Runs.Exists(run => run.Failed > 0)) ? 1 : 0;
        }
        finally
        {
            foreach (var row in rows) await row.Subject.DisposeAsync();
        }
    }

    private async Task Prepare(string folder, CancellationToken stop)
    {
        var (sqlite, admin) = await Subject.Product(
            "RetentionSaaS, SQLite", Path.Combine(folder, "sqlite"), null, 1, order.Customers, LoadWorkloads.Purchase, stop);
        Add(sqlite, true);
        using var code = new HotCode(sqlite.Endpoint, admin, HotCodeName, int.MaxValue);
        await code.Create(stop);
        var hot = LoadWorkloads.Redemption(HotCodeName, long.MaxValue).Path;
        Workload Redeem(string run, long _) => new(hot, Redemption(run));
        foreach (var nodes in (int[])[1, 2])
        {
            var options = new PostgresOptions { ConnectionString = postgres!.CreateDatabase(), Schema = "retention" };
            var name = $"RetentionSaaS, PostgreSQL, {nodes} node{(nodes > 1 ? "s" : "")}";
            var (subject, key) = await Subject.Product(
                name, Path.Combine(folder, $"postgres{nodes}"), options, nodes, order.Customers, LoadWorkloads.Purchase, stop);
            Add(OnPostgres(subject), true);
            using var shared = new HotCode(subject.Endpoint, key, HotCodeName, int.MaxValue);
            await shared.Create(stop);
            Add(OnPostgres(subject.With($"Hot code: {name}", Redeem)), true);
        }

        Add(Plain("One transaction a call, PostgreSQL", PlainDesign.Transaction), false);
        var statement = Plain("One statement a call, PostgreSQL", PlainDesign.Statement);
        Add(statement, false);
        Add(sqlite.With("Hot code: RetentionSaaS, SQLite", Redeem), true);
        Add(statement.With("Hot code: row lock, PostgreSQL", (run, _) => new("/retention.benchmarks.Plain/RedeemCoupon", Redemption(run))), false);
        Add(sqlite.With("Counter view: RetentionSaaS, SQLite", CounterView), true);
    }

    private void Add(Subject subject, bool isOurs) => rows.Add((subject, isOurs, []));

    private Subject Plain(string name, PlainDesign design)
    {
        return OnPostgres(Subject.Plain(
            name, $"{PlainDatabase()};Max Auto Prepare=32;Auto Prepare Min Usages=2;Maximum Pool Size={order.Pool}", design));
    }

    private Subject OnPostgres(Subject subject)
    {
        subject.DatabaseTime = database!.ProcessorTime;
        return subject;
    }

    private string PlainDatabase()
    {
        var connection = postgres!.CreateDatabase();
        postgres.Sql(
            DatabaseOf(connection),
            $"SET ROLE retention; {PlainSql.Schema} " +
            $"INSERT INTO customer SELECT 'c' || lpad(n::text, {Digits}, '0'), 0 FROM generate_series(0, {order.Customers - 1}) n; " +
            $"INSERT INTO offer VALUES ('{HotCodeName}', {long.MaxValue}, 0)");
        return connection;
    }

    private static string DatabaseOf(string connection) => new Npgsql.NpgsqlConnectionStringBuilder(connection).Database!;

    private static PreparedMessage Redemption(string run)
    {
        var number = new DigitField(1, x => x);
        return new PreparedMessage(
            new RedeemCouponRequest
            {
                RequestId = $"hot.{run}.{number}", Code = HotCodeName, CampaignId = HotCodeName, OrderId = $"{run}.{number}",
                Source = "load", StoreId = LoadWorkloads.StoreId, TillId = "1", CashierId = "1",
            },
            number);
    }

    private static Workload CounterView(string run, long customers)
    {
        var number = new DigitField(1, x => x % customers);
        return new Workload(
            "/retention.v1.CustomerService/GetCounterView",
            new PreparedMessage(new GetCounterViewRequest { CustomerId = "c" + number }, number));
    }

    // The single statement by PostgreSQL's own load generator: what no server in front of it can exceed.
    private double PgBench(string folder)
    {
        var script = Path.Combine(folder, "purchase.sql");
        var sql = PlainSql.OneStatement
            .Replace("$1", "gen_random_uuid()::text", StringComparison.Ordinal).Replace("$2", "7", StringComparison.Ordinal)
            .Replace("$3", "'load'", StringComparison.Ordinal).Replace("$4", "gen_random_uuid()::text", StringComparison.Ordinal)
            .Replace("$5", $"('c' || lpad((:customer)::text, {Digits}, '0'))", StringComparison.Ordinal)
            .Replace("$6", "1990", StringComparison.Ordinal)
            .Replace("$7", """'[{"LineId":"1","ProductId":"p-1","Category":"load","Quantity":1,"Amount":1990}]'""", StringComparison.Ordinal)
            .Replace("$8", "19000", StringComparison.Ordinal);
        File.WriteAllText(script, $"\\set customer random(0, {order.Customers - 1})\n{sql.ReplaceLineEndings(" ")};\n");
        var database = DatabaseOf(PlainDatabase());
        using var process = Process.Start(new ProcessStartInfo(
            PostgresServer.Program("pgbench"),
            ["-n", "-M", "prepared", "-h", "127.0.0.1", "-p", $"{postgres!.Port}", "-U", "retention", "-c", "64", "-j", "2",
                "-T", $"{order.Seconds}", "-f", script, database])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        var match = Tps().Match(output);
        return match.Success
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new LoadException($"pgbench told nothing: {errors}");
    }

    private static void Tell(string name, Figures figures) => Console.Error.WriteLine(
        $"{name}: {figures.PerSecond:N0}/s p50 {figures.P50:F1} p99 {figures.P99:F1} ms, server {figures.ServerMicroseconds:F0} us, database {figures.DatabaseMicroseconds:F0} us, " +
        $"{figures.Failed} failed, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");

    private void Report(double pgbench)
    {
        var medians = rows.ConvertAll(row => (row.Subject.Name, row.IsOurs, Figures: Figures.Median(row.Runs)));
        var table = Table(medians.ConvertAll(row => (row.Name, row.Figures)), pgbench);
        Console.WriteLine(table);
        if (order.Output is null) return;
        var bars = medians.Select(x => (x.Name, x.Figures.PerSecond, x.IsOurs))
            .Append(("pgbench, the one statement", pgbench, false)).ToList();
        File.WriteAllText(Path.Combine(order.Output, "designs.md"), $"# Designs side by side\n\n{table}\n![Calls a second](designs.svg)\n");
        File.WriteAllText(
            Path.Combine(order.Output, "designs.svg"),
            Picture.Bars("Durable calls a second on two cores", "load generator and database on the same cores; more is better", bars));
    }

    private string Table(List<(string Name, Figures Figures)> medians, double pgbench)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Concurrency {order.Concurrency}, {order.Customers:N0} customers, medians of {order.Runs} runs of {order.Seconds} s, "
            + $"{Environment.ProcessorCount} cores, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the end:");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"    dotnet run -c Release --project tests/Retention.Benchmarks -- designs --seconds {order.Seconds} --runs {order.Runs} --customers {order.Customers} --concurrency {order.Concurrency}");
        text.AppendLine();
        text.AppendLine("| design | a second | p50 ms | p99 ms | server us a call | PostgreSQL us a call | bytes the server wrote a call |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (var (name, x) in medians)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {name} | {x.PerSecond:N0} | {x.P50:F1} | {x.P99:F1} | {x.ServerMicroseconds:F0} | {x.DatabaseMicroseconds:F0} | {x.ServerBytes:N0} |");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"| ceiling: pgbench, the one statement, 64 clients | {pgbench:N0} | | | | | |");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"| ceiling: fsync of 4 KiB, one after the other | {1_000_000 / fsyncs.Order().ElementAt(fsyncs.Count / 2):N0} | | | | | |");
        return text.ToString();
    }

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
