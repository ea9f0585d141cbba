using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Retention.Domain.Offers;
using Retention.Server.Client;
using Retention.Server.Codes;

namespace Retention.Server.Commands;

/// <summary><c>retention codes</c>: issues many unique coupons and writes their codes to a file.</summary>
internal static class CodesCommand
{
    private const string Whose = "a tenant's admin or marketer";

    private static readonly Argument<string> FileName = new("FILE")
    {
        Description = "Where the codes go, as CSV. One that is there is completed, with the same --offer and --count.",
    };

    private static readonly Option<string> Offer = new("--offer")
    {
        Description = "An active offer of unique codes.", Required = true,
    };

    private static readonly Option<int> Count = new("--count")
    {
        Description = $"Coupons, {IssueCoupons.CouponsMax + 1} to {Domain.Coupons.IssueSeries.CountMax}.", Required = true,
    };

    private static readonly Option<string> Endpoint = ServerArguments.Endpoint();

    private static readonly Option<string> Key = ServerArguments.Key(Whose);

    public static Command Create()
    {
        var command = new Command("codes", "Issues unique coupons in bulk; resumable, and repeating it changes nothing.")
        {
            FileName, Offer, Count, Endpoint, Key,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        try
        {
            var count = parsed.GetValue(Count);
            if (count <= IssueCoupons.CouponsMax || count > Domain.Coupons.IssueSeries.CountMax)
            {
                throw new UsageFailure($"{Count.Name} must be {IssueCoupons.CouponsMax + 1} to {Domain.Coupons.IssueSeries.CountMax}");
            }

            var address = ServerArguments.Address(Endpoint, parsed.GetValue(Endpoint));
            using var client = new RpcClient(address, parsed.GetRequiredValue(Key), RpcPatience.Once);
            var order = new CodeOrder(parsed.GetRequiredValue(FileName), parsed.GetRequiredValue(Offer), count);
            return await ServerArguments.CallAsync(Whose, async () => Print(
                parsed, await ConsoleProgress.RunAsync(progress => new CodeFile(client, order, progress).RunAsync(stop))));
        }
        catch (CodeFileException e)
        {
            throw new UsageFailure(e.Message);
        }
    }

    private static void Print(ParseResult parsed, CodeReport report) => Console.Out.WriteLine(
        parsed.GetValue(CommandLine.Json)
            ? JsonSerializer.Serialize(report, CodeReportJson.Default.CodeReport)
            : $"{report.Codes} codes of {report.SeriesId} in {report.File}, {report.Written} written now.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CodeReport))]
internal sealed partial class CodeReportJson : JsonSerializerContext;
