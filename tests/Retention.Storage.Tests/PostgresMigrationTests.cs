using Npgsql;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;

namespace Retention.Storage.Tests;

/// <summary>A first start, or an upgrade, that is killed anywhere is done again by the next one.</summary>
[Collection("PostgreSQL")]
public sealed class PostgresMigrationTests
{
    private const int StatementsMax = 500;
    private readonly PostgresOptions options = new()
    {
        ConnectionString = PostgresServer.IsInstalled ? PostgresServer.Instance.CreateDatabase() : "",
    };

    [FactWithPostgres]
    public async Task Migrations_that_are_killed_after_each_of_their_statements_come_to_the_same_schema()
    {
        // The count goes on when the transaction is rolled back: each start gets one statement further.
        Sql("CREATE TABLE public.kill_at AS SELECT 1::bigint AS statement");
        Sql("CREATE SEQUENCE public.statements");
        Sql("""
            CREATE FUNCTION public.kill_there() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                IF nextval('public.statements') = (SELECT statement FROM public.kill_at) THEN
                    PERFORM pg_terminate_backend(pg_backend_pid());
                END IF;
            END $$
            """);
        Sql("CREATE EVENT TRIGGER kill_there ON ddl_command_end EXECUTE FUNCTION public.kill_there()");

        var kills = 0;
        for (; kills < StatementsMax; kills++)
        {
            Sql($"UPDATE public.kill_at SET statement = {kills + 1}; SELECT setval('public.statements', 1, false)");
            if (await OpensAsync()) break;

        }

        Sql("DROP EVENT TRIGGER kill_there");
        Assert.InRange(kills, 10, StatementsMax - 1);
        await using var store = PostgresGrainStore.Open(options);
        await store.Commit(Some.Commit(Some.Ledger("r", Some.Key("1")), Some.Write(Some.Customer("ann"), 0, "1")));
        Assert.Equal("1", await store.Facts(Some.Customer("ann")));
    }

    private async Task<bool> OpensAsync()
    {
        try
        {
            await using var store = PostgresGrainStore.Open(options);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private void Sql(string statement)
    {
        using var superuser = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(options.ConnectionString) { Username = "postgres" }.ConnectionString);
        superuser.Open();
        using var command = new NpgsqlCommand(statement, superuser);
        command.ExecuteNonQuery();
    }
}
