using System.CommandLine;
using System.Text.Json;

namespace Retention.Server.Commands;

/// <summary>The verbs of the one executable, and what its exit codes mean: 0 done, 1 failed, 2 wrong usage.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    /// <summary>Machine-readable output, on every verb.</summary>
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print JSON instead of text.",
        Recursive = true,
    };

    // A new verb is one line here.
    private static IEnumerable<Command> Verbs =>
    [
        ServeCommand.Create(),
        LoadCommand.Create(),
        DemoCommand.Create(),
        ImportCommand.Create(),
        CodesCommand.Create(),
        VerifyCommand.Create(),
        MigrateCommand.Create(),
        FeedCommand.Create(),
        VerifyStatementCommand.Create(),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("RetentionSaaS: customer retention for chains of shops.") { Json };
        foreach (var verb in Verbs)
        {
            root.Add(verb);
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0) return Fail(parsed, parsed.Errors[0].Message, WrongUsage);
        try
        {
            // Verbs end by themselves when the process is told to: serve drains, which takes longer than any default.
            var settings = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(settings);
        }
        catch (UsageFailure failure)
        {
            return Fail(parsed, failure.Message, WrongUsage);
        }
        catch (CommandFailure failure)
        {
            return Fail(parsed, failure.Message, Failed);
        }
    }

    private static int Fail(ParseResult parsed, string message, int exitCode)
    {
        var line = message.ReplaceLineEndings(" ");
        Console.Error.WriteLine(parsed.GetValue(Json)
            ? $$"""{"error":"{{JsonEncodedText.Encode(line)}}","exit_code":{{exitCode}}}"""
            : $"retention: {line}");
        return exitCode;
    }
}

/// <summary>
/// What was asked cannot be done as asked: a flag, file, address or key is wrong. One line for the user.
/// </summary>
internal sealed class UsageFailure(string message) : Exception(message);

/// <summary>What was asked was tried and failed. One line for the user.</summary>
internal sealed class CommandFailure(string message) : Exception(message);
