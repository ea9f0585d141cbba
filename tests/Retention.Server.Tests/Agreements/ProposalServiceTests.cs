using Retention.Server.Tests.Support;
using Retention.V1;

namespace Retention.Server.Tests.Agreements;

/// <summary>What others may put on a tenant's list of agreements, over gRPC (JC1).</summary>
public sealed class ProposalServiceTests
{
    [Fact]
    public async Task A_stranger_fills_no_more_of_the_list_than_the_program_gives_him()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await server.CreateTenantAsync(), await server.CreateTenantAsync());
        var program = (await JointShops.Call<UpdateProgramResponse>(shoes, "TenantService/UpdateProgram", new UpdateProgramRequest
        {
            RequestId = TestServer.NewId(),
            Program = new Retention.V1.Program { ProposalsPerTenant = 1 },
            UpdateMask = new() { Paths = { "proposals_per_tenant" } },
        })).Program;
        Assert.Equal((1, 50, 90), (program.ProposalsPerTenant, program.ProposalsOfStrangers, program.ProposalDays));

        var first = await ProposeAsync(bakery, shoes);
        var second = await ProposeAsync(bakery, shoes);
        Assert.Equal([first], await ListAsync(shoes));
        Assert.Equal(2, (await ListAsync(bakery)).Count);

        // It was not listed, and is as good as one that was.
        _ = (await shoes.Accept(second)).Reply;
        await shoes.Drained(second);
        Assert.Equal(((string[])[first, second]).Order(StringComparer.Ordinal), await ListAsync(shoes));
    }

    private static async Task<string> ProposeAsync(TestTenant bakery, TestTenant shoes)
    {
        var proposal = AgreementCalls.Proposal(bakery, shoes);
        _ = (await bakery.Propose(proposal)).Reply;
        await bakery.Drained(proposal.AgreementId);
        return proposal.AgreementId;
    }

    private static async Task<IReadOnlyList<string>> ListAsync(TestTenant tenant) =>
    [
        .. (await JointShops.Call<ListAgreementsResponse>(tenant, "AgreementService/ListAgreements", new ListAgreementsRequest()))
            .Agreements.Select(agreement => agreement.AgreementId),
    ];
}
