using System.CommandLine;
using Retention.Engine.Ports;
using Retention.Server.Migrate;
using Retention.Storage.Postgres;
using Retention.Storage.Sqlite;
using Command = System.CommandLine.Command;

namespace Retention.Server.Commands;

/// <summary><c>retention migrate</c>: moves a data directory into PostgreSQL, commit by commit.</summary>
internal static class MigrateCommand
{
    private static readonly Option<string> DataDirectory = new("--data")
    {
        Description = "Directory of the SQLite database. No server may work in it. Nothing in it is changed.",
        Required = true,
    };

    private static readonly StoreArguments Store = new();

    public static Command Create()
    {
        var command = new Command(
            "migrate", "Copies a data directory into PostgreSQL; run again after a break, it goes on where it was.")
        {
            DataDirectory,
        };
        Store.AddTo(command, withStore: false);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var directory = parsed.GetRequiredValue(DataDirectory);
        if (!StoreScan.IsStore(directory)) throw new UsageFailure($"{directory} is no data directory");
        var database = Store.Database(parsed);
        try
        {
            var report = await ConsoleProgress.RunAsync(
                progress => new StoreMigration(directory, database, progress.Show).RunAsync(stop));
            Console.Out.WriteLine(parsed.GetValue(CommandLine.Json) ? report.Json : report.Text);
            return report.IsEqual ? 0 : 1;
        }
        catch (Exception e) when (e is StoreInUseException or StoreTooNewException || ServeCommand.IsDatabaseRefusal(e))
        {
            throw new UsageFailure(e.Message);
        }
        catch (Exception e) when (e is StoreDamagedException or IOException or Npgsql.NpgsqlException)
        {
            throw new CommandFailure($"the data could not be moved: {e.Message}");
        }
    }
}
