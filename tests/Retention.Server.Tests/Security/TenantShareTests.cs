using Retention.Rpc;
using Retention.Server.Auth;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Security;

public sealed class TenantShareTests
{
    private const int PerSecond = 5;

    [Fact]
    public void The_defaults_leave_half_of_the_engine_to_others_and_bound_no_rate()
    {
        Assert.Equal(10_000, new ShareOptions().MaxCallsPerTenant);
        Assert.Equal(2 * new ShareOptions().MaxCallsPerTenant, new Engine.Ports.EngineLimits().MaxTurns);
        Assert.Equal(0, new ShareOptions().CallsPerSecondPerTenant);
    }

    [Fact]
    public void A_tenant_has_so_many_calls_under_way_and_gets_its_places_back()
    {
        var shares = new TenantShares(new ShareOptions { MaxCallsPerTenant = 2 }, TimeProvider.System);
        var share = shares.Of("a")!;

        Assert.Null(share.TryEnter());
        Assert.Null(share.TryEnter());
        Assert.Equal(RpcStatus.ResourceExhausted, share.TryEnter()!.Code);
        Assert.Null(shares.Of("b")!.TryEnter());
        share.Leave();
        Assert.Null(shares.Of("a")!.TryEnter());
        Assert.NotNull(share.TryEnter());
    }

    [Fact]
    public void A_tenant_has_a_second_of_calls_at_once_and_then_its_rate()
    {
        var clock = new Clock();
        var share = new TenantShares(new ShareOptions { CallsPerSecondPerTenant = PerSecond }, clock).Of("a")!;

        Assert.Equal(PerSecond, Entered(share));
        Assert.Equal(0, Entered(share));
        clock.Now += TimeSpan.FromSeconds(0.4);
        Assert.Equal(2, Entered(share));
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(PerSecond, Entered(share));
    }

    [Fact]
    public void A_stream_is_slowed_to_the_rate()
    {
        var share = new TenantShares(new ShareOptions { CallsPerSecondPerTenant = PerSecond }, new Clock()).Of("a")!;

        var waits = Enumerable.Range(0, 2 * PerSecond).Select(_ => share.Count().TotalSeconds).ToArray();

        Assert.All(waits.Take(PerSecond), wait => Assert.True(wait <= 0));
        Assert.Equal(1, waits[^1], 3);
    }

    [Fact]
    public void Without_limits_and_for_the_platform_nothing_is_counted()
    {
        Assert.Null(new TenantShares(new ShareOptions { MaxCallsPerTenant = 0 }, TimeProvider.System).Of("a"));
        Assert.Null(new TenantShares(new ShareOptions(), TimeProvider.System).Of(""));
    }

    [Fact]
    public async Task A_tenant_above_its_rate_is_told_when_to_come_back_and_others_are_served()
    {
        await using var server = await TestServer.StartAsync(
            options => options with { Shares = new ShareOptions { CallsPerSecondPerTenant = PerSecond } });
        var noisy = await server.CreateTenantAsync();
        var quiet = await server.CreateTenantAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Ask(server, noisy)));

        var refused = answers.First(answer => answer.Code != RpcStatus.Ok);
        Assert.Equal(RpcStatus.ResourceExhausted, refused.Code);
        Assert.Equal("OVERLOADED", refused.Raw.Reason);
        Assert.Equal($"{PerSecond}", refused.Raw.Info!.Metadata["calls_per_second_per_tenant"]);
        var delay = refused.Raw.Details!.Details.Single(detail => detail.Is(RetryInfo.Descriptor)).Unpack<RetryInfo>().RetryDelay;
        Assert.True(delay.ToTimeSpan() > TimeSpan.Zero);
        Assert.Equal(RpcStatus.Ok, (await Ask(server, quiet)).Code);
    }

    [Fact]
    public async Task Places_come_back_when_calls_end_however_they_end()
    {
        await using var server = await TestServer.StartAsync(
            options => options with { Shares = new ShareOptions { MaxCallsPerTenant = 1 } });
        var tenant = await server.CreateTenantAsync();

        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(RpcStatus.Ok, (await Ask(server, tenant)).Code);
            var unknown = await server.Client.Call<GetBalanceResponse>(
                "LoyaltyService/GetBalance", new GetBalanceRequest { CustomerId = "nobody" }, tenant.AdminKey);
            Assert.Equal(RpcStatus.NotFound, unknown.Code);
        }
    }

    private static Task<RpcAnswer<GetTenantResponse>> Ask(TestServer server, TestTenant tenant) =>
        server.Client.Call<GetTenantResponse>("TenantService/GetTenant", new GetTenantRequest(), tenant.AdminKey);

    private static int Entered(ICallShare share) => Enumerable.Range(0, 100).Count(_ => share.TryEnter() is null);

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
