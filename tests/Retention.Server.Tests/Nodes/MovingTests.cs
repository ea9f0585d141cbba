using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Npgsql;
using Retention.Server.Client;
using Retention.Server.Demo;
using Retention.Storage.Postgres;
using Retention.Tests.Postgres;
using Retention.Transport;
using Retention.V1;
using Xunit.Abstractions;

namespace Retention.Server.Tests.Nodes;

/// <summary>
/// Two nodes, each a process: what one does for all is done by the other within 5 s of its death, and a key revoked at one is dead
/// at the other within 5 s; prints the times. What one answered stands in the journal up to now of the other at once.
/// </summary>
public sealed class MovingTests(ITestOutputHelper output) : IDisposable
{
    private const int Customers = 400;
    private const int Rounds = 5;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string folder = Directory.CreateTempSubdirectory("retention-moving-").FullName;
    private readonly PostgresOptions options = new()
    {
        ConnectionString = PostgresServer.IsInstalled ? PostgresServer.Instance.CreateDatabase() : "",
    };

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [FactWithPostgres]
    public async Task A_key_revoked_at_one_node_is_dead_at_the_other_within_five_seconds()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync();
        using var admin = await TenantAsync(one, "shop");
        var made = await Call<CreateCredentialResponse>(
            admin, "TenantService/CreateCredential", new CreateCredentialRequest { RequestId = "key", Role = Role.Auditor });
        using var bearer = new RpcClient(other.Grpc, made.ApiKey);
        await Call<GetTenantResponse>(bearer, "TenantService/GetTenant", new GetTenantRequest());

        await Call<RevokeCredentialResponse>(admin, "TenantService/RevokeCredential", new RevokeCredentialRequest
        {
            RequestId = "revoke", CredentialId = made.Credential.CredentialId,
        });
        var dead = await MeasureAsync(async () => !await IsGoodAsync(bearer));

        Tell($"revoked key dead on the other node after {dead.TotalMilliseconds:0} ms");
        Assert.InRange(dead, TimeSpan.Zero, Within);
    }

    [FactWithPostgres]
    public async Task The_journal_up_to_now_at_one_node_holds_what_the_other_has_just_answered()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync();
        using var admin = await TenantAsync(one, "shop");
        using var reader = new RpcClient(other.Grpc, AdminKeys["shop"]);
        for (var number = 1; number <= 20; number++)
        {
            await Call<EnrollCustomerResponse>(
                admin, "CustomerService/EnrollCustomer",
                new EnrollCustomerRequest { RequestId = $"{number}", CustomerId = $"c{number}" });

            var entries = await JournalAsync(reader);

            Assert.Equal(number, entries.Where(x => x.GrainKind == "customer").DistinctBy(x => x.GrainId).Count());
        }
    }

    [FactWithPostgres]
    public async Task Reminders_and_effects_go_on_within_five_seconds_of_a_nodes_death()
    {
        var doomed = await StartAsync();
        using var bakery = await TenantAsync(doomed, "bakery");
        using var shoes = await TenantAsync(doomed, "shoes");
        await AgreeAsync(bakery, shoes);
        await Parallel.ForAsync(0, Customers, async (number, _) => await Call<EnrollCustomerResponse>(
            bakery, "CustomerService/EnrollCustomer",
            new EnrollCustomerRequest { RequestId = $"enroll-{number}", CustomerId = $"c{number}" }));
        Assert.NotEqual("0", Sql("SELECT count(*) FROM retention.reminder"));
        var leftOver = 0L;
        for (var round = 0; round < Rounds && leftOver == 0; round++)
        {
            await using var heir = await StartAsync();
            await MeasureAsync(() => Task.FromResult(Pending() == 0));
            leftOver = await KillUnderLoadAsync(doomed, bakery, round);
            var reminding = MeasureAsync(() => Task.FromResult(Due() == 0));
            var delivered = await MeasureAsync(() => Task.FromResult(Pending() == 0));
            var reminded = await reminding;

            Tell(string.Create(CultureInfo.InvariantCulture,
                $"after SIGKILL: reminder fired {reminded.TotalMilliseconds:0} ms, {leftOver} effects delivered {delivered.TotalMilliseconds:0} ms"));
            Assert.InRange(reminded, TimeSpan.Zero, Within);
            Assert.InRange(delivered, TimeSpan.Zero, Within);
            doomed = await StartAsync();
        }

        await doomed.DisposeAsync();
        Assert.True(leftOver > 0, "no kill left an effect over");
    }

    /// <summary>Sells at the node until it is killed, then sets what it would have been reminded of to now.</summary>
    private async Task<long> KillUnderLoadAsync(ServerProcess doomed, RpcClient bakery, int round)
    {
        using var tills = new RpcClient(doomed.Grpc, AdminKeys["bakery"]);
        var next = round * Customers / Rounds;
        var last = next + (Customers / Rounds);
        var sold = 0;
        var selling = Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (int number; (number = Interlocked.Increment(ref next)) <= last;)
            {
                try
                {
                    await Call<RecordPurchaseResponse>(tills, "PurchaseService/RecordPurchase", new RecordPurchaseRequest
                    {
                        RequestId = $"buy-{number}", CustomerId = $"c{number - 1}", PurchaseId = $"p{number}", Source = "till",
                        Total = new Money { CurrencyCode = "USD", MinorUnits = 1_000 },
                    });
                    Interlocked.Increment(ref sold);
                }
                catch (RpcCallException)
                {
                    return;
                }
            }
        })).ToArray();
        while (Volatile.Read(ref sold) < 8) await Task.Delay(1);
        await doomed.DisposeAsync();
        Sql("UPDATE retention.reminder SET due_seconds = extract(epoch FROM now())::bigint - 1");
        var leftOver = Pending();
        await Task.WhenAll(selling);
        return leftOver;
    }

    private Dictionary<string, string> AdminKeys { get; } = [];

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(folder, options, CancellationToken.None);

    private async Task<RpcClient> TenantAsync(ServerProcess node, string name)
    {
        using var platform = new RpcClient(node.Grpc, File.ReadAllText(Path.Combine(folder, "bootstrap.key")).Trim());
        var created = await Call<CreateTenantResponse>(platform, "TenantService/CreateTenant", new CreateTenantRequest
        {
            RequestId = name, TenantId = name, DisplayName = name, CurrencyCode = "USD", TimeZone = "UTC",
        });
        AdminKeys[name] = created.AdminApiKey;
        var admin = new RpcClient(node.Grpc, created.AdminApiKey, RpcPatience.Default);
        await Call<CreateBrandResponse>(admin, "TenantService/CreateBrand", new CreateBrandRequest
        {
            RequestId = "brand", BrandId = name, DisplayName = name,
        });
        return admin;
    }

    /// <summary>Each sale at the bakery makes a coupon for the shoes; a fee at each month's beginning makes a reminder.</summary>
    private static async Task AgreeAsync(RpcClient bakery, RpcClient shoes)
    {
        await Call<ProposeAgreementResponse>(bakery, "AgreementService/ProposeAgreement", new ProposeAgreementRequest
        {
            RequestId = "propose",
            AgreementId = "joint",
            Issuing = new AgreementParty { TenantId = "bakery", BrandId = "bakery" },
            Redeeming = new AgreementParty { TenantId = "shoes", BrandId = "shoes" },
            Terms = new AgreementTerms
            {
                Offer = new JointOffer { AmountOff = Dollars(199) },
                Trigger = new JointTrigger { DaysValid = 30, MaxOpenPerCustomer = 1 },
                Funding = { new Funding { Brand = "shoes", ShareBps = 10_000, RoundingParty = true } },
                CurrencyCode = "USD",
                Settle = Settle.AtRedeem,
                TriggerReturnLoss = TriggerReturnLoss.Mirror,
                Fees = { new Fee { Trigger = FeeTrigger.Period, Payer = LegRole.Issuing, Amount = Dollars(100) } },
            },
        });
        await Call<AcceptAgreementResponse>(shoes, "AgreementService/AcceptAgreement", new AcceptAgreementRequest
        {
            RequestId = "accept", AgreementId = "joint", TermsVersion = 1,
        });
    }

    private static async Task<List<JournalEntry>> JournalAsync(RpcClient reader)
    {
        using var stream = reader.Open<WatchJournalRequest, WatchJournalResponse>(
            "retention.v1.FeedService/WatchJournal", CancellationToken.None);
        await stream.WriteAsync(new WatchJournalRequest { UntilNow = true });
        stream.Complete();
        var entries = new List<JournalEntry>();
        while (await stream.ReadAsync() is { } message) entries.AddRange(message.Entries);
        return entries;
    }

    private static async Task<bool> IsGoodAsync(RpcClient bearer)
    {
        try
        {
            await Call<GetTenantResponse>(bearer, "TenantService/GetTenant", new GetTenantRequest());
            return true;
        }
        catch (RpcCallException refused) when (refused.Status == RpcStatus.Unauthenticated)
        {
            return false;
        }
    }

    private static Task<TReply> Call<TReply>(RpcClient client, string method, IMessage request)
        where TReply : IMessage<TReply>, new() => client.Call<TReply>("retention.v1." + method, request);

    private static Money Dollars(long minorUnits) => new() { CurrencyCode = "USD", MinorUnits = minorUnits };

    private static async Task<TimeSpan> MeasureAsync(Func<Task<bool>> isDone)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await isDone())
        {
            Assert.True(Stopwatch.GetElapsedTime(startedAt) < Patience, "it never came");
            await Task.Delay(20);
        }

        return Stopwatch.GetElapsedTime(startedAt);
    }

    private long Pending() => long.Parse(Sql("SELECT coalesce(sum(greatest(sent - received, 0)), 0) FROM retention.edge"), CultureInfo.InvariantCulture);

    private long Due() => long.Parse(
        Sql("SELECT count(*) FROM retention.reminder WHERE due_seconds <= extract(epoch FROM now())"), CultureInfo.InvariantCulture);

    private string Sql(string statement) => PostgresServer.Instance.Sql(
        new NpgsqlConnectionStringBuilder(options.ConnectionString).Database!, statement);

    private void Tell(string what)
    {
        output.WriteLine(what);
        Console.WriteLine(what);
    }
}
