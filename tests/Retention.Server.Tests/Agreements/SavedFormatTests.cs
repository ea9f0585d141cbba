using Retention.Domain.Agreements;
using Retention.Engine.Ports;
using Retention.Server.Commands;
using Retention.Server.Tests.Support;
using Retention.Storage.Sqlite;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

public sealed class SavedFormatTests
{
    /// <summary>A state of an older format that says something else is on the disk: the journal's word counts.</summary>
    [Fact]
    public async Task A_state_saved_in_another_format_is_folded_anew_from_the_journal()
    {
        var directory = Directory.CreateTempSubdirectory("retention-format-").FullName;
        string agreementId, key;
        GetPositionResponse before;
        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var shops = await JointShops.OpenAsync(server, terms =>
                terms.Fees.Add(new Fee { Trigger = FeeTrigger.Redemption, Payer = LegRole.Issuing, Amount = Usd(7) }));
            await shops.RedeemAsync((await shops.BuyAsync("p-1"))!);
            (agreementId, key, before) = (shops.AgreementId, shops.Shoes.AdminKey, await shops.Shoes.Position(shops.AgreementId));
        }

        var account = AgreementGrains.AccountId(agreementId);
        var old = """{"currency":"USD","first_net":5,"second_net":-5}"""u8.ToArray();
        await using (var store = SqliteGrainStore.Open(new SqliteOptions { Directory = directory }))
        {
            var version = (await store.LoadAsync([account], CancellationToken.None))[0].Version;
            store.SaveSnapshots([new Snapshot(account, version, old)]);
        }

        await using (var store = SqliteGrainStore.OpenReadOnly(new SqliteOptions { Directory = directory }))
        {
            Assert.Equal(old, (await store.LoadAsync([account], CancellationToken.None))[0].Snapshot.ToArray());
        }

        await using (var server = await TestServer.StartAsync(directory: directory))
        {
            var position = (await server.Client.Call<GetPositionRequest, GetPositionResponse>(
                "AgreementService/GetPosition", new() { AgreementId = agreementId }, key)).Reply;
            Assert.Equal(before.Positions, position.Positions);
        }

        Assert.Equal(0, await CommandLine.RunAsync(["verify", "--data", directory]));
        Directory.Delete(directory, recursive: true);
    }
}
