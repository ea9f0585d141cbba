using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Retention.Domain.Offers;
using Retention.Server.Client;
using Retention.Server.Codes;
using Retention.Transport;

namespace Retention.Server.Commands;

/// <summary><c>retention codes</c>: issues many unique coupons and writes their codes to a file.</summary>
internal static class CodesCommand
{
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

    private static readonly Option<string> Endpoint = new("--endpoint")
    {
        Description = "The server's gRPC address, e.g. http://127.0.0.1:5001.", Required = true,
    };

    private static readonly Option<string> Key = new("--key")
    {
        Description = "API key of the tenant's admin or marketer.", Required = true,
    };

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

            using var client = new RpcClient(Address(parsed), parsed.GetRequiredValue(Key), RpcPatience.Once);
            var order = new CodeOrder(parsed.GetRequiredValue(FileName), parsed.GetRequiredValue(Offer), count);
            var report = await ConsoleProgress.RunAsync(progress => new CodeFile(client, order, progress).RunAsync(stop));
            Print(parsed, report);
            return 0;
        }
        catch (CodeFileException e)
        {
            throw new UsageFailure(e.Message);
        }
        catch (RpcCallException e) when (e.Status is RpcStatus.Unauthenticated or RpcStatus.PermissionDenied)
        {
            throw new UsageFailure($"{Key.Name} is not the key of a tenant's admin or marketer here");
        }
        catch (RpcCallException e)
        {
            throw new CommandFailure($"{e.Status} {e.Reason}: {e.Message}");
        }
    }

    private static Uri Address(ParseResult parsed) =>
        Uri.TryCreate(parsed.GetValue(Endpoint), UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
            ? address
            : throw new UsageFailure($"{Endpoint.Name} must be an address like http://127.0.0.1:5001");

    private static void Print(ParseResult parsed, CodeReport report) => Console.Out.WriteLine(
        parsed.GetValue(CommandLine.Json)
            ? JsonSerializer.Serialize(report, CodeReportJson.Default.CodeReport)
            : $"{report.Codes} codes of {report.SeriesId} in {report.File}, {report.Written} written now.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CodeReport))]
internal sealed partial class CodeReportJson : JsonSerializerContext;
