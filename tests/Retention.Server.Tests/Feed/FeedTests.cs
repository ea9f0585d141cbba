using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Feed;

public sealed class FeedTests
{
    [Fact]
    public async Task A_follower_sees_what_was_and_then_what_happens()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        using var stream = await Watch(tenant, new());

        var kinds = await Kinds(stream, 3);
        await tenant.CreateBrandAsync("later");

        Assert.Equal(["TenantCreated", "BrandCreated", "StoreCreated"], kinds);
        Assert.Equal(["BrandCreated"], await Kinds(stream, 1));
    }

    [Fact]
    public async Task A_follower_resumes_exactly_where_it_stopped()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        string token;
        long seen;
        using (var first = await Watch(tenant, new()))
        {
            var message = (await first.NextAsync())!;
            token = message.ResumeToken;
            seen = message.Entries[^1].Version;
        }

        await tenant.CreateBrandAsync("later");
        using var second = await Watch(tenant, new() { ResumeToken = token });
        var versions = new List<long>();
        while (seen + versions.Count < 4)
        {
            versions.AddRange((await second.NextAsync())!.Entries.Select(entry => entry.Version));
        }

        Assert.Equal(Enumerable.Range((int)seen + 1, 4 - (int)seen).Select(version => (long)version), versions);
    }

    [Fact]
    public async Task Nothing_of_another_tenant_is_told()
    {
        await using var server = await TestServer.StartAsync();
        var mine = await server.CreateTenantAsync();
        var other = await server.CreateTenantAsync();
        await other.CreateBrandAsync("secret");
        await mine.CreateBrandAsync("last");
        using var stream = await Watch(mine, new());

        var entries = new List<JournalEntry>();
        while (entries.Count < 4)
        {
            entries.AddRange((await stream.NextAsync())!.Entries);
        }

        Assert.All(entries, entry => Assert.Equal(mine.TenantId, entry.GrainId));
        Assert.Equal([1L, 2L, 3L, 4L], entries.Select(entry => entry.Version));
    }

    [Fact]
    public async Task A_follower_may_ask_for_some_kinds_only()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync();
        await tenant.CreateBrandAsync("second");
        using var stream = await Watch(tenant, new() { Kinds = { "BrandCreated" } });

        Assert.Equal(["BrandCreated", "BrandCreated"], await Kinds(stream, 2));
    }

    private static Task<RpcStream<WatchJournalResponse>> Watch(TestTenant tenant, WatchJournalRequest request) =>
        tenant.Client.Open<WatchJournalRequest, WatchJournalResponse>(
            "FeedService/WatchJournal", request, tenant.AdminKey);

    private static async Task<List<string>> Kinds(RpcStream<WatchJournalResponse> stream, int count)
    {
        var kinds = new List<string>();
        while (kinds.Count < count)
        {
            kinds.AddRange((await stream.NextAsync())!.Entries.Select(entry => entry.Kind));
        }

        return kinds;
    }
}
