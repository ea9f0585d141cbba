using System.Globalization;
using Npgsql;
using Retention.Engine.Ports;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Storage.Tests;

/// <summary>Lost connections, cancelled commits, and what the database must look like.</summary>
[Collection("PostgreSQL")]
public sealed class PostgresFaultTests
{
    private readonly PostgresOptions options = PostgresTestSchema.Options();

    private string Database => new NpgsqlConnectionStringBuilder(options.ConnectionString).Database!;

    [FactWithPostgres]
    public async Task A_batch_that_was_given_up_is_known_or_refused_before_anything_is_read_again()
    {
        await using var store = PostgresGrainStore.Open(options with { CommitTimeoutSeconds = 1 });
        await using var holder = new NpgsqlConnection(options.ConnectionString);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        Run(holder, $"SELECT position FROM {options.Schema}.journal_head FOR UPDATE");

        await Assert.ThrowsAnyAsync<Exception>(() => store.Commit(Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "1"))));
        await transaction.RollbackAsync();

        Assert.Null(await store.Find(Some.Key("1")));
        Assert.Equal([CommitVerdict.Done], await store.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 0, "2"))));
    }

    [FactWithPostgres]
    public async Task A_batch_of_a_lane_that_was_closed_meanwhile_is_refused()
    {
        await using var store = PostgresGrainStore.Open(options);
        await store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 0, "1")));
        PostgresServer.Instance.Sql(Database, $"UPDATE {options.Schema}.lane SET epoch = epoch + 1");

        await Assert.ThrowsAsync<PostgresException>(() => store.Commit(Some.Commit(Some.Write(Some.Customer("ann"), 1, "2"))));

        Assert.Equal("1", await store.Facts(Some.Customer("ann")));
        Assert.Equal([CommitVerdict.Done], await store.Verdicts(Some.Commit(Some.Write(Some.Customer("ann"), 1, "3"))));
    }

    [FactWithPostgres]
    public async Task Backends_that_are_terminated_all_the_time_lose_and_double_nothing()
    {
        await using var store = PostgresGrainStore.Open(options);
        using var stop = new CancellationTokenSource();
        var killer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                PostgresServer.Instance.Sql(
                    "postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{Database}' AND usename = 'retention'");
                await Task.Delay(100);
            }
        });

        var unknown = 0;
        for (var number = 0; number < 100;)
        {
            var key = Some.Key($"{number}");
            try
            {
                var version = (await store.Load(Some.Customer("ann"))).Version;
                var found = await store.Find(key);
                Assert.Equal(found is null ? number : number + 1, version);
                if (found is null)
                {
                    await store.Commit(Some.Commit(Some.Ledger("r", key), Some.Write(Some.Customer("ann"), version, $"{number}")));
                }

                number++;
            }
            catch (NpgsqlException)
            {
                unknown++;
            }
        }

        await stop.CancelAsync();
        await killer;
        Assert.True(unknown > 0, "nothing was ever interrupted");
        await using var reader = PostgresGrainStore.Open(options);
        Assert.Equal(Enumerable.Range(0, 100).Select(x => x.ToString(CultureInfo.InvariantCulture)), (await reader.Facts(Some.Customer("ann"))).Split(' '));
    }

    [FactWithPostgres]
    public async Task A_commit_whose_wait_for_the_standby_was_cancelled_is_not_called_done()
    {
        await using var store = PostgresGrainStore.Open(options with { CommitTimeoutSeconds = 30 });
        PostgresServer.Instance.Sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        PostgresServer.Instance.Sql("postgres", "SELECT pg_reload_conf()");
        Task<IReadOnlyList<CommitResult>> waiting;
        try
        {
            waiting = Task.Run(() => store.Commit(Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "1"))));
            await Eventually.Is(() => Task.FromResult(PostgresServer.Instance.Sql(
                "postgres", "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"));

            var doubted = await Assert.ThrowsAsync<CommitInDoubtException>(() => waiting);
            Assert.Contains("synchronous replication", doubted.Message, StringComparison.Ordinal);
        }
        finally
        {
            PostgresServer.Instance.Sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
            PostgresServer.Instance.Sql("postgres", "SELECT pg_reload_conf()");
        }

        Assert.Equal(1, (await store.Find(Some.Key("1")))?.Position);
    }

    [FactWithPostgres]
    public async Task A_schema_of_a_newer_program_is_refused()
    {
        await PostgresGrainStore.Open(options).DisposeAsync();
        PostgresServer.Instance.Sql(Database, $"INSERT INTO {options.Schema}.schema_migration (number, name) VALUES (99, 'later')");

        var refused = Assert.Throws<SchemaTooNewException>(() => PostgresGrainStore.Open(options));

        Assert.Contains("99", refused.Message, StringComparison.Ordinal);
    }

    [FactWithPostgres]
    public void A_role_that_row_security_does_not_hold_off_is_refused()
    {
        var superuser = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Username = "postgres" };

        var refused = Assert.Throws<DatabaseUnfitException>(
            () => PostgresGrainStore.Open(options with { ConnectionString = superuser.ConnectionString }));

        Assert.Contains("row security", refused.Message, StringComparison.Ordinal);
    }

    [FactWithPostgres]
    public void A_database_without_a_synchronous_standby_is_refused_where_one_is_needed()
    {
        var refused = Assert.Throws<DatabaseUnfitException>(() => PostgresGrainStore.Open(options with { NeedsStandby = true }));

        Assert.Contains("synchronous_standby_names", refused.Message, StringComparison.Ordinal);
    }

    [FactWithPostgres]
    public async Task A_scan_keeps_nodes_out_and_a_node_keeps_scans_out()
    {
        await using (PostgresGrainStore.Open(options))
        {
            Assert.Throws<DatabaseInUseException>(() => PostgresScan.Open(options, isLocked: false));
        }

        using (PostgresScan.Open(options, isLocked: false))
        {
            Assert.Throws<DatabaseInUseException>(() => PostgresGrainStore.Open(options));
        }

        await PostgresGrainStore.Open(options).DisposeAsync();
    }

    [FactWithPostgres]
    public async Task The_work_of_one_for_all_moves_when_its_node_is_silent()
    {
        var silentSoon = options with { LeaseFor = NodaTime.Duration.FromSeconds(10) };
        await using var first = PostgresGrainStore.Open(silentSoon);
        await using var second = PostgresGrainStore.Open(silentSoon);
        await first.Commit(Some.Commit() with { Reminders = [Some.Remind(Some.Customer("ann"), "r", Some.Noon)] });

        Assert.Equal(("ann:r", ""), (await first.Due(Some.Noon), await second.Due(Some.Noon)));

        // Its time passes, by the clock of the database.
        await using var session = new NpgsqlConnection(options.ConnectionString);
        await session.OpenAsync();
        Run(session, $"UPDATE {options.Schema}.lease SET until = clock_timestamp() - interval '1 ms'");
        await Eventually.Is(async () => await second.Due(Some.Noon) == "ann:r");
    }

    [FactWithPostgres]
    public async Task A_session_sees_the_content_of_the_partitions_it_named_and_of_no_other()
    {
        await using var store = PostgresGrainStore.Open(options);
        await store.Commit(
            Some.Commit(Some.Write(Some.Customer("ann"), 0, "1")) with { Reminders = [Some.Remind(Some.Customer("ann"), "r", Some.Noon)] },
            Some.Commit(Some.Write(new Retention.Kernel.GrainId(Some.Other, "customer", "bob"), 0, "1")) with { Partition = Some.Other });
        store.SaveSnapshots([new Snapshot(Some.Customer("ann"), 1, Some.Bytes("state"))]);
        await using var session = new NpgsqlConnection(options.ConnectionString);
        await session.OpenAsync();
        Run(session, $"SET search_path = {options.Schema}");

        Assert.Equal((0, 0, 0), Counts(session));
        Run(session, $"SET retention.partitions = '{{{Some.Other}}}'");
        Assert.Equal((1, 0, 0), Counts(session));
        Run(session, $"SET retention.partitions = '{{{Some.Tenant}}}'");
        Assert.Equal((1, 1, 1), Counts(session));
        var refused = Assert.Throws<PostgresException>(
            () => Run(session, $"INSERT INTO journal VALUES (3, '{Some.Other}', null, '')"));
        Assert.Equal("42501", refused.SqlState);
    }

    private static (long, long, long) Counts(NpgsqlConnection session)
    {
        long Count(string table) => (long)new NpgsqlCommand($"SELECT count(*) FROM {table}", session).ExecuteScalar()!;

        return (Count("journal"), Count("snapshot"), Count("reminder"));
    }

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
