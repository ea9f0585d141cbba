using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Retention.Engine.Ports;
using Retention.Server.Verify;
using Retention.Storage.Sqlite;
using Command = System.CommandLine.Command;

namespace Retention.Server.Commands;

/// <summary><c>retention verify</c>: recomputes a data directory that no server works in.</summary>
internal static class VerifyCommand
{
    private const int ShownMax = 20;

    private static readonly Option<string> DataDirectory = new("--data")
    {
        Description = "Directory of the database, or a copy of it. No server may work in it. Nothing is changed.",
    };

    private static readonly StoreArguments Store = new();

    public static Command Create()
    {
        var command = new Command(
            "verify", "Recomputes every state from the journal and by naive laws; exit code 1 on any difference.")
        {
            DataDirectory,
        };
        Store.AddTo(command, withStore: false);
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>Refuses, as wrong usage, what is no data directory or is in use.</summary>
    public static async Task<VerifyReport> VerifyAsync(
        string directory, ConsoleProgress progress, CancellationToken stop)
    {
        if (!StoreScan.IsStore(directory)) throw new UsageFailure($"{directory} is no data directory");
        return await VerifyAsync(new VerifiedDirectory(directory), directory, progress, stop);
    }

    private static async Task<VerifyReport> VerifyAsync(
        IVerifiedStore store, string name, ConsoleProgress progress, CancellationToken stop)
    {
        try
        {
            return await new Verification(store, StoredKinds.All, StoredKinds.Laws(), progress.Show).RunAsync(stop);
        }
        catch (Exception e) when (e is StoreInUseException or StoreTooNewException || ServeCommand.IsDatabaseRefusal(e))
        {
            throw new UsageFailure(e.Message);
        }
        catch (Exception e) when (e is StoreDamagedException or IOException or Npgsql.NpgsqlException)
        {
            throw new CommandFailure($"{name} cannot be read: {e.Message}");
        }
    }

    private static Task<VerifyReport> VerifyAsync(ParseResult parsed, ConsoleProgress progress, CancellationToken stop)
    {
        if (parsed.GetValue(DataDirectory) is not { } directory)
        {
            return VerifyAsync(new VerifiedDatabase(Store.Database(parsed)), "the database", progress, stop);
        }

        return Store.IsGiven(parsed)
            ? throw new UsageFailure($"give {DataDirectory.Name} or a connection, not both")
            : VerifyAsync(directory, progress, stop);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var report = await ConsoleProgress.RunAsync(progress => VerifyAsync(parsed, progress, stop));
        if (parsed.GetValue(CommandLine.Json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, VerifyReportJson.Default.VerifyReport));
        }
        else
        {
            foreach (var difference in report.Listed.Take(ShownMax))
            {
                Console.Out.WriteLine($"{difference.Grain}: {difference.Law}: {difference.Detail}");
            }

            Console.Out.WriteLine(report.Summary);
        }

        return report.Differences == 0 ? 0 : 1;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(VerifyReport))]
internal sealed partial class VerifyReportJson : JsonSerializerContext;
