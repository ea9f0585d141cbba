using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Server.Client;
using Retention.Server.Csv;
using Retention.Server.Import;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Commands;

/// <summary><c>retention import purchases</c>: streams a file of purchases to a server.</summary>
internal static class ImportCommand
{
    private const string Whose = "a tenant's admin";

    private const string CsvHelp =
        "csv: a header line, then purchase_id, purchase_time (2017-03-31T14:05:00-05:00, or without offset in the "
        + "tenant's zone, or a date for its noon), total (12.34), customer_id or card_number, and optionally source, "
        + "brand_id, store_id, order_id. cdnow: customer_id, date, amount; unknown customers are enrolled.";

    private static readonly Argument<string> FileName = new("FILE") { Description = "A CSV file; .gz is unpacked." };

    private static readonly Option<string> Format = new("--format")
    {
        Description = CsvHelp, DefaultValueFactory = _ => "csv",
    };

    private static readonly Option<string> Endpoint = ServerArguments.Endpoint();

    private static readonly Option<string> Key = ServerArguments.Key(Whose);

    private static readonly Option<string> Source = new("--source")
    {
        Description = "csv: the system that numbered the purchases, where the file has no column source.",
        DefaultValueFactory = _ => "import",
    };

    private static readonly Option<bool> EnrollUnknown = new("--enroll-unknown")
    {
        Description = "csv: enroll customers who are not there, without a profile.",
    };

    private static readonly Option<string> Brand = new("--brand")
    {
        Description = "The brand, where the tenant has several and no column brand_id tells it.",
    };

    private static readonly Option<string> Store = new("--store") { Description = "The store of all purchases." };

    private static readonly Option<string> Errors = new("--errors")
    {
        Description = "Where rows go that were not taken. Default: FILE.errors.csv; no file without errors.",
    };

    private static readonly Option<string> State = new("--state")
    {
        Description = "Where an interrupted import remembers how far it came. Default: FILE.import-state.",
    };

    public static Command Create()
    {
        Format.AcceptOnlyFromAmong("csv", "cdnow");
        var purchases = new Command("purchases", "Streams purchases; resumable, and repeated rows change nothing.")
        {
            FileName, Format, Endpoint, Key, Source, EnrollUnknown, Brand, Store, Errors, State,
        };
        purchases.SetAction(RunAsync);
        return new Command("import", "Takes files in.") { purchases };
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        try
        {
            var path = parsed.GetRequiredValue(FileName);
            if (!File.Exists(path)) throw new UsageFailure($"{path} is not there");
            var address = ServerArguments.Address(Endpoint, parsed.GetValue(Endpoint));
            using var client = new RpcClient(address, parsed.GetRequiredValue(Key));
            return await ServerArguments.CallAsync(Whose, () => ImportAsync(client, parsed, path, stop));
        }
        catch (CsvException e)
        {
            throw new UsageFailure(e.Message);
        }
    }

    private static async Task ImportAsync(RpcClient client, ParseResult parsed, string path, CancellationToken stop)
    {
        var target = await TargetAsync(client, parsed, stop);
        var errors = parsed.GetValue(Errors) ?? path + ".errors.csv";
        var files = await FilesAsync(client, parsed, target, path, errors, stop);
        var format = FormatOf(parsed, target);
        var report = await ConsoleProgress.RunAsync(progress => ImportAsync(client, format, files, progress, stop));
        Print(parsed, report, errors);
    }

    private static async Task<ImportReport> ImportAsync(
        RpcClient client, IPurchaseFormat format, ImportFiles files, ConsoleProgress progress, CancellationToken stop)
    {
        var length = new FileInfo(files.Path).Length;
        using var import = new PurchaseImport(client, format, files)
        {
            OnRead = read => progress.Show("import", read, length),
        };
        return await import.RunAsync(stop);
    }

    private static async Task<ImportTarget> TargetAsync(RpcClient client, ParseResult parsed, CancellationToken stop)
    {
        var tenant = (await client.Call<GetTenantResponse>(
            "retention.v1.TenantService/GetTenant", new GetTenantRequest(), stop)).Tenant;
        return new ImportTarget(
            tenant.TenantId,
            tenant.CurrencyCode,
            DateTimeZoneProviders.Tzdb[tenant.TimeZone],
            parsed.GetValue(Brand) ?? "",
            parsed.GetValue(Store) ?? "");
    }

    private static IPurchaseFormat FormatOf(ParseResult parsed, ImportTarget target) =>
        parsed.GetValue(Format) == "cdnow"
            ? new CdnowFormat(target)
            : new PlainFormat(target, parsed.GetRequiredValue(Source), parsed.GetValue(EnrollUnknown));

    private static async Task<ImportFiles> FilesAsync(
        RpcClient client, ParseResult parsed, ImportTarget target, string path, string errors, CancellationToken stop)
    {
        var state = parsed.GetValue(State) ?? path + ".import-state";
        var digest = ImportCheckpoint.DigestOf(path);
        var format = parsed.GetRequiredValue(Format);
        var found = ImportCheckpoint.Read(state, digest, target.TenantId, format);
        if (found is not null && !await IsKnownAsync(client, found, stop)) found = null;
        var start = found ?? new ImportCheckpoint(digest, target.TenantId, format, 0, 0, 0, 0, "", "", "");
        return new ImportFiles(path, errors, state, start);
    }

    // A checkpoint says nothing to a server that does not have what it counts: another one, or one restored.
    private static async Task<bool> IsKnownAsync(RpcClient client, ImportCheckpoint found, CancellationToken stop)
    {
        if (found.LastPurchaseId.Length == 0) return false;
        try
        {
            await client.Call<GetPurchaseResponse>(
                "retention.v1.PurchaseService/GetPurchase",
                new GetPurchaseRequest
                {
                    Source = found.LastSource, PurchaseId = found.LastPurchaseId, BrandId = found.LastBrandId,
                },
                stop);
            return true;
        }
        catch (RpcCallException e) when (e.Status == RpcStatus.NotFound)
        {
            return false;
        }
    }

    private static void Print(ParseResult parsed, ImportReport report, string errors)
    {
        if (parsed.GetValue(CommandLine.Json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, ImportReportJson.Default.ImportReport));
            return;
        }

        Console.Out.WriteLine($"{report.Rows} rows: {report.Recorded} recorded, {report.Refused} not taken.");
        Console.Out.WriteLine($"They stand for {report.Millipoints / 1000}.{report.Millipoints % 1000:000} points.");
        if (report.Refused > 0) Console.Out.WriteLine($"Rows that were not taken: {errors}");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ImportReport))]
internal sealed partial class ImportReportJson : JsonSerializerContext;
