using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Retention.Server.Verify;
using Command = System.CommandLine.Command;

namespace Retention.Server.Commands;

/// <summary><c>retention verify-statement</c>: recomputes statements from a feed's file. No server is asked.</summary>
internal static class VerifyStatementCommand
{
    private const int ShownMax = 50;

    private static readonly Argument<string> FileName = new("FILE")
    {
        Description = "The feed of one party from position 0 on, one JSON value a line: what retention feed, grpcurl or a "
            + "client of your own wrote of WatchJournal.",
    };

    private static readonly Option<string[]> Statements = new("--statement")
    {
        Description = "A file with a GetStatement answer as JSON, to compare; may be given several times.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    public static Command Create()
    {
        var command = new Command(
            "verify-statement",
            "Recomputes every period's statement of an agreement from a party's feed; exit code 1 on any difference.")
        {
            FileName, Statements,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var check = new StatementCheck();
        var line = 0L;
        await foreach (var value in ReadAsync(parsed.GetRequiredValue(FileName), stop))
        {
            check.See(++line, value);
        }

        if (check.Events == 0) throw new UsageFailure($"{parsed.GetValue(FileName)} holds no event of an agreement");
        foreach (var path in parsed.GetValue(Statements) ?? [])
        {
            await foreach (var statement in ReadAsync(path, stop))
            {
                check.Compare(path, statement);
            }
        }

        Print(check, parsed.GetValue(CommandLine.Json));
        return check.Differences.Count == 0 ? 0 : 1;
    }

    // One value a line, or any white space between them.
    private static async IAsyncEnumerable<JsonElement> ReadAsync(
        string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        if (!File.Exists(path)) throw new UsageFailure($"{path} is not there");
        await using var file = File.OpenRead(path);
        await using var values = JsonSerializer
            .DeserializeAsyncEnumerable(file, StatementJson.Default.JsonElement, topLevelValues: true, stop)
            .GetAsyncEnumerator(stop);
        while (true)
        {
            try
            {
                if (!await values.MoveNextAsync()) yield break;
            }
            catch (JsonException e)
            {
                throw new UsageFailure($"{path} is no JSON at line {e.LineNumber + 1}");
            }

            yield return values.Current;
        }
    }

    private static void Print(StatementCheck check, bool json)
    {
        var report = new StatementReport(
            [
                .. check.Books.SelectMany(book => book.Months.Select(month => new PeriodReport(
                    book.AgreementId,
                    book.FirstBrand,
                    month.Name,
                    book.Currency,
                    month.Opening,
                    month.Redeemed,
                    month.Reversed,
                    month.Fees,
                    month.Tax,
                    month.Paid,
                    month.Closing,
                    month.Lines,
                    month.PreviousHash,
                    month.LinesHash,
                    book.HashOf(month.Name)))),
            ],
            check.Events,
            check.Differences);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, StatementJson.Default.StatementReport));
            return;
        }

        foreach (var period in report.Periods)
        {
            Console.Out.WriteLine(
                $"{period.AgreementId} {period.Period}, seen by {period.Brand}, in minor units of {period.Currency}: opening {period.Opening}, redeemed {period.Redeemed}, reversed {period.Reversed}, fees {period.Fees}, tax {period.Tax}, paid {period.Paid}, closing {period.Closing}, {period.Lines} lines");
            Console.Out.WriteLine($"  lines     {period.LinesHash}");
            Console.Out.WriteLine($"  statement {period.StatementHash}");
        }

        foreach (var difference in check.Differences.Take(ShownMax))
        {
            Console.Out.WriteLine(difference);
        }

        Console.Out.WriteLine($"{report.Periods.Count} periods, {check.Events} events, {check.Differences.Count} differences");
    }
}

/// <summary>What verify-statement found.</summary>
/// <param name="Events">Events of agreements in the file.</param>
internal sealed record StatementReport(
    IReadOnlyList<PeriodReport> Periods, long Events, IReadOnlyList<string> Differences);

/// <param name="Brand">The agreement's first, whose eyes the sums are seen with.</param>
internal sealed record PeriodReport(
    string AgreementId,
    string Brand,
    string Period,
    string Currency,
    long Opening,
    long Redeemed,
    long Reversed,
    long Fees,
    long Tax,
    long Paid,
    long Closing,
    long Lines,
    string PreviousHash,
    string LinesHash,
    string StatementHash);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(StatementReport))]
internal sealed partial class StatementJson : JsonSerializerContext;
