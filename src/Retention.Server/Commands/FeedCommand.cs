using System.CommandLine;
using Google.Protobuf;
using Retention.Server.Client;
using Retention.V1;
using Command = System.CommandLine.Command;

namespace Retention.Server.Commands;

/// <summary><c>retention feed</c>: writes the journal as a tenant may see it to a file, one JSON event a line.</summary>
internal static class FeedCommand
{
    private const string Whose = "a tenant's admin or auditor";

    private static readonly Option<string> Endpoint = ServerArguments.Endpoint();

    private static readonly Option<string> Key = ServerArguments.Key(Whose);

    private static readonly Option<string> Agreement = new("--agreement")
    {
        Description = "Only events of this agreement.", DefaultValueFactory = _ => "",
    };

    private static readonly Option<string> Out = new("--out")
    {
        Description = "The file to write; an existing one is replaced. Default: standard output.",
        DefaultValueFactory = _ => "",
    };

    private static readonly JsonFormatter Format = new(JsonFormatter.Settings.Default);

    public static Command Create()
    {
        var command = new Command("feed", "Writes all facts up to now, one JSON value a line.")
        {
            Endpoint, Key, Agreement, Out,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var address = ServerArguments.Address(Endpoint, parsed.GetValue(Endpoint));
        try
        {
            using var client = new RpcClient(address, parsed.GetRequiredValue(Key));
            var path = parsed.GetRequiredValue(Out);
            await using var file = path.Length == 0 ? null : new StreamWriter(path, append: false);
            return await ServerArguments.CallAsync(
                Whose, () => WriteAsync(client, parsed.GetRequiredValue(Agreement), file ?? Console.Out, stop));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(e.Message);
        }
    }

    private static async Task WriteAsync(RpcClient client, string agreementId, TextWriter output, CancellationToken stop)
    {
        using var stream = client.Open<WatchJournalRequest, WatchJournalResponse>("retention.v1.FeedService/WatchJournal", stop);
        await stream.WriteAsync(new WatchJournalRequest { UntilNow = true, AgreementId = agreementId });
        stream.Complete();
        while (await stream.ReadAsync() is { } message)
        {
            foreach (var entry in message.Entries)
            {
                await output.WriteLineAsync(Format.Format(entry));
            }
        }
    }
}
