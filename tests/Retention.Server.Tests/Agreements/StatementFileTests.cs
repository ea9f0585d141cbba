using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

/// <summary>
/// Law: both brands compute the same statements from what the feed told each, without the server; they equal what the
/// server says; and a feed of which one line was changed is told from a whole one, by that line.
/// </summary>
public sealed class StatementFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("retention-statement-").FullName;

    [Fact]
    public async Task Both_brands_recompute_the_same_statements_from_their_own_feeds()
    {
        await using var server = await TestServer.StartAsync();
        var play = await PlayedAsync(server);

        var (bakery, shoes) = (await FeedFileAsync(play, play.Bakery), await FeedFileAsync(play, play.Shoes));
        var statements = new Dictionary<string, (string Bakery, string Shoes)>();
        foreach (var period in (string[])["2017-05", "2017-06", "2017-07"])
        {
            var (mine, theirs) = (
                await play.StatementAsync(play.Bakery, period), await play.StatementAsync(play.Shoes, period));
            Assert.Equal((mine.StatementHash, mine.LinesHash, mine.PreviousHash), (theirs.StatementHash, theirs.LinesHash, theirs.PreviousHash));
            Assert.Equal(0, mine.Closing.MinorUnits + theirs.Closing.MinorUnits);
            statements[period] = (StatementFile(mine, "bakery"), StatementFile(theirs, "shoes"));
        }

        var ofBakery = await VerifyAsync(0, bakery, [.. statements.Values.Select(files => files.Bakery)]);
        var ofShoes = await VerifyAsync(0, shoes, [.. statements.Values.Select(files => files.Shoes)]);

        Assert.Equal(3, ofBakery.GetProperty("periods").GetArrayLength());
        Assert.Equal(Hashes(ofBakery), Hashes(ofShoes));
        Assert.Equal((await play.StatementAsync(play.Shoes, "2017-06")).StatementHash, Hashes(ofShoes)[1]);
        Assert.Equal((await play.StatementAsync(play.Shoes, "2017-06")).StatementHash, (await play.StatementAsync(play.Shoes, "2017-07")).PreviousHash);
    }

    [Theory]
    [InlineData("\"minorUnits\":\"66\"", "\"minorUnits\":\"67\"", "posts")]
    [InlineData("\"entityId\":\"north\"", "\"entityId\":\"south\"", "gives the line")]
    [InlineData("\"day\":\"2017-05-01\",\"currencyCode\"", "\"day\":\"2017-05-02\",\"currencyCode\"", "is 2017-05-01 in")]
    [InlineData("\"number\":\"2\"", "\"number\":\"3\"", "follows entry")]
    [InlineData("\"day\":\"2017-05-01\"}", "\"day\":\"2017-05-02\"}", "is of 2017-05-02")]
    [InlineData("\"day\":\"2017-05-01\",\"currencyCode\"", "\"day\":\"May\",\"currencyCode\"", "has no day")]
    [InlineData("\"minorUnits\":\"66\"", "\"minorUnits\":\"much\"", "cannot be read")]
    public async Task A_changed_line_is_named(string was, string becomes, string told)
    {
        await using var server = await TestServer.StartAsync();
        var play = await PlayedAsync(server);
        var file = await FeedFileAsync(play, play.Shoes);
        var lines = await File.ReadAllLinesAsync(file);
        var index = Array.FindIndex(lines, line => Tight(line).Contains(was, StringComparison.Ordinal));
        lines[index] = Tight(lines[index]).Replace(was, becomes);
        await File.WriteAllLinesAsync(file, lines);

        var report = await VerifyAsync(1, file);

        var differences = report.GetProperty("differences").EnumerateArray().Select(x => x.GetString()!).ToList();
        Assert.Contains(differences, difference =>
            difference.StartsWith($"line {index + 1}, ", StringComparison.Ordinal) && difference.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dropped_line_and_a_changed_statement_are_found()
    {
        await using var server = await TestServer.StartAsync();
        var play = await PlayedAsync(server);
        var file = await FeedFileAsync(play, play.Bakery);
        var statement = await play.StatementAsync(play.Bakery, "2017-05");
        statement.Closing.MinorUnits += 1;
        statement.Issued.MinorUnits += 1;
        statement.Net.MinorUnits += 1;
        statement.ByEntity[0].Redeemed.MinorUnits += 1;

        var report = await VerifyAsync(1, file, StatementFile(statement, "changed"));
        Assert.Equal(4, report.GetProperty("differences").GetArrayLength());

        var lines = (await File.ReadAllLinesAsync(file)).ToList();
        lines.RemoveAt(lines.FindIndex(line => line.Contains("redemption-cleared", StringComparison.Ordinal)));
        await File.WriteAllLinesAsync(file, lines);
        await VerifyAsync(1, file);

        // Without the terms the lines are counted all the same.
        lines.RemoveAll(line => line.Contains("agreement-proposed", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(file, lines);
        await VerifyAsync(1, file);
    }

    [Fact]
    public async Task Answers_as_other_tools_write_them_are_read_too()
    {
        await using var server = await TestServer.StartAsync();
        var play = await PlayedAsync(server);
        var expected = Hashes(await VerifyAsync(0, await FeedFileAsync(play, play.Shoes)));
        var message = new WatchJournalResponse { Entries = { await JointPlay.FeedAsync(play.Shoes) } };

        // As grpcurl does it: whole messages over several lines; and with the names of the protos.
        var pretty = Path.Combine(folder, "pretty.json");
        await File.WriteAllTextAsync(pretty, new JsonFormatter(JsonFormatter.Settings.Default.WithIndentation()).Format(message) + "\n{}\n");
        var snake = Path.Combine(folder, "snake.json");
        await File.WriteAllTextAsync(snake, new JsonFormatter(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)).Format(message));

        Assert.Equal(expected, Hashes(await VerifyAsync(0, pretty)));
        Assert.Equal(expected, Hashes(await VerifyAsync(0, snake)));
    }

    [Fact]
    public async Task What_is_no_feed_is_wrong_usage()
    {
        var file = Path.Combine(folder, "no-feed");
        await File.WriteAllTextAsync(file, "{\"kind\":\"purchase\"}\n");
        Assert.Equal(2, await RunAsync("verify-statement", file));
        await File.WriteAllTextAsync(file, "purchase;1\n");
        Assert.Equal(2, await RunAsync("verify-statement", file));
        Assert.Equal(2, await RunAsync("verify-statement", file + ".away"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // Redeemed at a company's store and elsewhere, reversed, clawed back, voided, outdated, in three months.
    private static async Task<JointPlay> PlayedAsync(TestServer server)
    {
        var play = await JointPlay.StartAsync(server);
        await CompanyAsync(play.Shoes, "north", "store-north");
        await play.BuyAsync(play.Bakery, "p-1");
        await play.BuyAsync(play.Bakery, "p-2");
        await play.BuyAsync(play.Bakery, "p-3");
        await play.BuyAsync(play.Shoes, "p-4");
        await play.RedeemAsync(play.Bakery, play.Shoes, "store-north");
        var redemption = await play.RedeemAsync(play.Bakery, play.Shoes);
        await play.RedeemAsync(play.Shoes, play.Bakery);
        await play.MoveAsync(6, 5);
        _ = (await play.Shoes.Client.Call<ReverseCouponRedemptionRequest, ReverseCouponRedemptionResponse>(
            "CouponService/ReverseCouponRedemption",
            new() { RequestId = TestServer.NewId(), RedemptionId = redemption, Reason = "RETURNED" },
            play.Shoes.AdminKey)).Reply;
        await play.BuyAsync(play.Bakery, "p-5");
        await play.ReturnAsync(play.Bakery, "p-5");
        await play.MoveAsync(7, 2);
        await play.ReturnAsync(play.Bakery, "p-1");
        await play.BuyAsync(play.Bakery, "p-6");
        return play;
    }

    private static async Task CompanyAsync(TestTenant tenant, string entityId, string storeId)
    {
        _ = (await tenant.Client.Call<CreateLegalEntityRequest, CreateLegalEntityResponse>(
            "TenantService/CreateLegalEntity",
            new() { RequestId = TestServer.NewId(), EntityId = entityId, DisplayName = "North Ltd", VatId = "LT1", Country = "LT" },
            tenant.AdminKey)).Reply;
        _ = (await tenant.Client.Call<CreateStoreRequest, CreateStoreResponse>(
            "TenantService/CreateStore",
            new() { RequestId = TestServer.NewId(), BrandId = tenant.BrandId, StoreId = storeId, DisplayName = "North", EntityId = entityId },
            tenant.AdminKey)).Reply;
    }

    private async Task<string> FeedFileAsync(JointPlay play, TestTenant tenant)
    {
        var file = Path.Combine(folder, tenant.TenantId + ".feed");
        Assert.Equal(0, await RunAsync(
            "feed", "--endpoint", $"http://{play.Server.Grpc}", "--key", tenant.AdminKey, "--agreement", play.AgreementId, "--out", file));
        return file;
    }

    private string StatementFile(GetStatementResponse statement, string name)
    {
        var file = Path.Combine(folder, $"{name}-{statement.Period}.json");
        File.WriteAllText(file, JsonFormatter.Default.Format(statement));
        return file;
    }

    private static async Task<JsonElement> VerifyAsync(int code, string file, params string[] statements)
    {
        using var process = ServeProcess.Run(
            ["verify-statement", file, "--json", .. statements.SelectMany(statement => (string[])["--statement", statement])]);
        var (exit, output, errors) = await process.ExitAsync();
        Assert.True(exit == code, $"exit {exit}: {output} {errors}");
        return JsonDocument.Parse(output).RootElement;
    }

    private static List<string> Hashes(JsonElement report) =>
        [.. report.GetProperty("periods").EnumerateArray().Select(period => period.GetProperty("statement_hash").GetString()!)];

    private static string Tight(string line) => JsonNode.Parse(line)!.ToJsonString();

    private static Task<int> RunAsync(params string[] arguments) => Commands.CommandLine.RunAsync(arguments);
}
