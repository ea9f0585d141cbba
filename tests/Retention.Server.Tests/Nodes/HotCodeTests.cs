using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.Server.Load;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Retention.V1;

namespace Retention.Server.Tests.Nodes;

/// <summary>
/// One code that tills redeem at two nodes at once, each order at both: every third at the same moment, the others again
/// when the first node has answered. If all came to both at once, request ids alone would keep the limit: each node would
/// find its orders taken by the other.
/// </summary>
public sealed class HotCodeTests : IDisposable
{
    private const int Limit = 150;
    private const int Orders = 220;
    private const string Code = "two-nodes";
    private readonly string folder = Directory.CreateTempSubdirectory("retention-hot-code-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public async Task A_hot_code_that_two_nodes_redeem_at_once_is_given_as_often_as_its_limit_says()
    {
        var options = new PostgresOptions { ConnectionString = PostgresServer.Instance.CreateDatabase() };
        await using var server = new DemoServer(folder, options, nodeCount: 2);
        await server.StartAsync(CancellationToken.None);
        Uri[] nodes = [server.Grpc, server.Grpc];
        Assert.NotEqual(nodes[0], nodes[1]);
        var (admin, till) = await new LoadTenant(nodes[0], "shop").Prepare(server.BootstrapKey(), CancellationToken.None);
        using var code = new HotCode(nodes[0], admin, Code, Limit);
        await code.Create(CancellationToken.None);
        RpcClient[] tills = [new(nodes[0], till), new(nodes[1], till)];

        // A node that is asked for the first time would come when the other has given all.
        using var first = new HotCode(nodes[0], admin, "first", 2);
        await first.Create(CancellationToken.None);
        for (var node = 0; node < tills.Length; node++) await RedeemAsync(tills[node], "first", node);

        var answers = await Task.WhenAll(Enumerable.Range(0, Orders).Select(async order =>
        {
            var asked = RedeemAsync(tills[order % 2], Code, order);
            if (order % 3 > 0) await asked;
            return await Task.WhenAll(asked, RedeemAsync(tills[(order + 1) % 2], Code, order));
        }));

        foreach (var node in tills) node.Dispose();
        using var other = new HotCode(nodes[1], admin, Code, Limit);
        Assert.Equal((Limit, Limit), (await code.Redeemed(CancellationToken.None), await other.Redeemed(CancellationToken.None)));
        Assert.All(answers, both => Assert.Equal(both[0], both[1]));
        Assert.Equal(Limit, answers.Select(both => both[0]).Where(x => x != "LIMIT_REACHED").Distinct().Count());
        Assert.Equal(Orders - Limit, answers.Count(both => both[0] == "LIMIT_REACHED"));
    }

    // The redemption's id, or why there is none.
    private static async Task<string> RedeemAsync(RpcClient node, string code, int order)
    {
        try
        {
            var answer = await node.Call<RedeemCouponResponse>("retention.v1.CouponService/RedeemCoupon", new RedeemCouponRequest
            {
                RequestId = $"{code}-{order}", Code = code, CampaignId = code, OrderId = $"{code}-{order}", Source = "pos",
                StoreId = LoadWorkloads.StoreId, TillId = "1", CashierId = "1",
            });
            return answer.Redemption.RedemptionId;
        }
        catch (RpcCallException refused)
        {
            return refused.Reason;
        }
    }
}
