using System.Globalization;
using System.Text.Json;
using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Import;

/// <summary>The verb as a shop would run it, against a real server.</summary>
public sealed class ImportTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("retention-test-").FullName;
    private TestServer server = null!;
    private TestTenant tenant = null!;

    private static Instant EndOfTheData => DateTimeZoneProviders.Tzdb["America/New_York"]
        .AtLeniently(new LocalDateTime(1998, 6, 30, 23, 59, 59)).ToInstant();

    public async Task InitializeAsync()
    {
        server = await TestServer.StartAsync();
        tenant = await server.CreateTenantAsync(virtualStart: EndOfTheData);
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [SharedDataFact]
    public Task The_sample_of_real_sales_brings_the_known_points() =>
        PointsAreKnown("cdnow/sample_transactions.csv", "golden/cdnow_sample_policies.json");

    [SharedDataFact]
    public Task All_real_sales_bring_the_known_points() =>
        PointsAreKnown("cdnow/master_transactions.csv.gz", "golden/cdnow_master_policies.json");

    [Fact]
    public async Task Equal_rows_are_purchases_of_their_own_and_zero_is_an_amount()
    {
        var file = Put("sales.csv", """
            customer_id,date,cds,amount
            7,1998-05-01,1,12.50
            7,1998-05-01,1,12.50
            7,1998-05-02,1,0.0
            """);

        Assert.Equal(0, await ImportAsync(file, "cdnow"));
        Assert.Equal(0, await ImportAsync(file, "cdnow"));

        Assert.Equal(24_000, await AvailableAsync("7"));
        Assert.Equal("12.50", await TotalOfAsync("cdnow:7:2"));
        Assert.Equal("0.00", await TotalOfAsync("cdnow:7:3"));
        Assert.False(File.Exists(file + ".errors.csv"));
    }

    [Fact]
    public async Task Rows_that_cannot_be_taken_are_listed_and_the_others_are_taken()
    {
        var file = Put("sales.csv", """
            purchase_id,source,customer_id,purchase_time,total,note
            a,till,new,1998-05-01T10:00:00,10.00,"one, two"
            b,till,new,1998-05-01,ten,
            c,till,,1998-05-01,5.00,
            d,till,new,1998-13-01,5.00,
            e,till,new,1998-05-02T10:00:00-04:00,5.00
            f,till,new,1998-05-02T10:00:00-04:00,5.00,
            a,till,new,1998-05-01T10:00:00,11.00,
            """);

        Assert.Equal(0, await ImportAsync(file, "csv", "--enroll-unknown"));

        var errors = File.ReadAllLines(file + ".errors.csv");
        Assert.Equal("line,purchase_id,reason,detail", errors[0]);
        Assert.Equal(
            ["3,ROW_INVALID", "4,ROW_INVALID", "5,ROW_INVALID", "6,ROW_INVALID", "8,PURCHASE_ID_REUSED"],
            errors.Skip(1).Select(line => line.Split(',')).Select(fields => $"{fields[0]},{fields[2]}"));
        Assert.DoesNotContain(errors, line => line.Contains("ten"));
        Assert.Equal(15_000, await AvailableAsync("new"));
    }

    [Fact]
    public async Task Customers_who_are_not_there_are_enrolled_only_when_asked_for()
    {
        var file = Put("sales.csv", "purchase_id,customer_id,purchase_time,total\na,stranger,1998-05-01,10.00\n");

        Assert.Equal(0, await ImportAsync(file, "csv"));

        Assert.Contains("CUSTOMER_NOT_FOUND", File.ReadAllText(file + ".errors.csv"));
    }

    [Fact]
    public async Task An_import_that_was_cut_short_goes_on_where_it_stood()
    {
        var rows = Enumerable.Range(0, 5_000).Select(n => $"{n % 50},1998-05-01,1,2.00");
        var file = Put("sales.csv", string.Join('\n', rows.Prepend("customer_id,date,cds,amount")) + "\n");
        var half = Put("half.csv", string.Join('\n', File.ReadLines(file).Take(2_501)) + "\n");
        Assert.Equal(0, await ImportAsync(half, "cdnow"));

        Assert.Equal(0, await ImportAsync(file, "cdnow"));

        Assert.Equal(200_000, await AvailableAsync("49"));
        Assert.False(File.Exists(file + ".import-state"));
    }

    [Theory]
    [InlineData("nowhere.csv", "csv")]
    [InlineData("sales.csv", "cdnow")]
    public async Task A_wrong_file_is_wrong_usage(string name, string format)
    {
        Put("sales.csv", "purchase_id,customer_id,purchase_time,total\n");

        Assert.Equal(2, await ImportAsync(Path.Combine(folder, name), format));
    }

    [Fact]
    public async Task A_wrong_key_is_wrong_usage()
    {
        var file = Put("sales.csv", "purchase_id,customer_id,purchase_time,total\n");

        Assert.Equal(2, await CommandLine.RunAsync(
            ["import", "purchases", file, "--endpoint", Endpoint, "--key", tenant.AdminKey + "x"]));
    }

    private string Endpoint => $"http://{server.Grpc}";

    private async Task PointsAreKnown(string file, string golden)
    {
        var copy = Path.Combine(folder, Path.GetFileName(file));
        File.Copy(SharedFolder.File(file), copy);
        using var known = JsonDocument.Parse(File.ReadAllText(SharedFolder.File(golden)));

        Assert.Equal(0, await ImportAsync(copy, "cdnow"));
        var first = await LivePointsAsync(copy);
        Assert.Equal(0, await ImportAsync(copy, "cdnow"));
        var second = await LivePointsAsync(copy);

        Assert.Equal(known.RootElement.GetProperty("points_live").GetInt64() * 1000, first.Sum());
        Assert.Equal(known.RootElement.GetProperty("customers_with_live_points").GetInt32(), first.Count(p => p > 0));
        Assert.Equal(first, second);
    }

    private async Task<long[]> LivePointsAsync(string file)
    {
        using var table = Retention.Server.Csv.CsvTable.Open(file);
        var column = table.Column("customer_id");
        var customers = table.Rows().Select(row => row[column]).Distinct().ToArray();
        var points = new long[customers.Length];
        var settings = new ParallelOptions { MaxDegreeOfParallelism = 16 };
        await Parallel.ForAsync(
            0, customers.Length, settings, async (n, _) => points[n] = await AvailableAsync(customers[n]));
        return points;
    }

    private Task<int> ImportAsync(string file, string format, params string[] more) => CommandLine.RunAsync(
        ["import", "purchases", file, "--format", format, "--endpoint", Endpoint, "--key", tenant.AdminKey,
            "--brand", tenant.BrandId, .. more]);

    private async Task<long> AvailableAsync(string customer) => (await tenant.Client.Call<GetBalanceResponse>(
        "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = customer }, tenant.AdminKey))
        .Reply.Balance.AvailableMillipoints;

    private async Task<string> TotalOfAsync(string purchase)
    {
        var request = new GetPurchaseRequest { Source = "cdnow", PurchaseId = purchase, BrandId = tenant.BrandId };
        var answer = await tenant.Client.Call<GetPurchaseResponse>(
            "PurchaseService/GetPurchase", request, tenant.AdminKey);
        return (answer.Reply.Purchase.Total.MinorUnits / 100m).ToString("0.00", CultureInfo.InvariantCulture);
    }

    private string Put(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
