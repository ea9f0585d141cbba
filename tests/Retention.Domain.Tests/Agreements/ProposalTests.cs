using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>How much of a tenant's list of agreements others may fill.</summary>
public sealed class ProposalTests
{
    private readonly JointScene scene = new();

    private IEnumerable<string> Listed => scene.TenantOf(Shoes).Agreements.Keys;

    [Fact]
    public void One_tenant_fills_no_more_than_its_part_of_the_list_and_what_is_accepted_gives_it_back()
    {
        Rules(new ProposalRules(2, 50, 90));
        Propose("agr-1", "agr-2", "agr-3");
        Assert.Equal(["agr-1", "agr-2"], Listed);

        Assert.Null(scene.Accept(Shoes).Refusal);
        scene.Books.Deliver();
        Propose("agr-4", "agr-5");

        Assert.Equal(["agr-1", "agr-2", "agr-4"], Listed);
    }

    [Fact]
    public void Strangers_share_a_limit_that_is_not_the_partners()
    {
        Rules(new ProposalRules(10, 2, 90));
        scene.Active();
        Propose("agr-2", "agr-3", "agr-4");
        Assert.Equal(4, Listed.Count());

        ProposeAs("a", "str-1");
        ProposeAs("b", "str-2");
        ProposeAs("c", "str-3");

        Assert.Equal(["agr-1", "agr-2", "agr-3", "agr-4", "str-1", "str-2"], Listed);
    }

    [Fact]
    public void After_its_days_a_proposal_makes_room_and_can_be_accepted_all_the_same()
    {
        Rules(new ProposalRules(1, 50, 7));
        Propose("agr-1");
        scene.Move(scene.Now + Duration.FromDays(7) - Duration.FromNanoseconds(1));
        Propose("agr-2");
        Assert.Equal(["agr-1"], Listed);

        scene.Move(scene.Now + Duration.FromNanoseconds(1));
        Propose("agr-3");
        Assert.Equal(["agr-3"], Listed);

        Assert.Null(scene.Accept(Shoes).Refusal);
        scene.Books.Deliver();
        Assert.Equal(["agr-1", "agr-3"], Listed);
        scene.Buy(Bakery, "p-1");
        Assert.Single(scene.Wallet(Bakery));
    }

    [Fact]
    public void The_list_itself_ends_at_its_limit_for_own_agreements_too()
    {
        Rules(new ProposalRules(1000, 1000, 90));
        Propose([.. Enumerable.Range(0, AgreementNews.AgreementsMax + 1).Select(number => $"agr-{number}")]);

        Assert.Equal(AgreementNews.AgreementsMax, Listed.Count());
    }

    [Theory]
    [InlineData(-1, 50, 90, "program.proposals_per_tenant")]
    [InlineData(10, 1001, 90, "program.proposals_of_strangers")]
    [InlineData(10, 50, 0, "program.proposal_days")]
    public void The_limits_have_bounds(int perTenant, int ofStrangers, int days, string field)
    {
        var refusal = ProgramFields.Fault(Program.Default with { Proposals = new ProposalRules(perTenant, ofStrangers, days) });

        Assert.Equal((RefusalReason.FieldInvalid, field), (refusal?.Reason, refusal?.Details[0].Value));
        Assert.Equal((10, 50, 90), (ProposalRules.Default.PerTenant, ProposalRules.Default.OfStrangers, ProposalRules.Default.Days));
    }

    private void Rules(ProposalRules rules) => scene.Books.Given(
        TenantGrains.Id(Shoes), new ProgramUpdated(Program.Default with { Proposals = rules }));

    private void Propose(params string[] ids)
    {
        foreach (var id in ids)
        {
            Assert.Null(scene.Propose(Terms, id: id).Refusal);
            scene.Books.Deliver();
        }
    }

    private void ProposeAs(string tenant, string id)
    {
        var asker = scene.Asks(Stranger) with { TenantId = tenant };
        var command = new ProposeAgreement(
            id, new Party(tenant, "hats"), new Party(Shoes, "boots"), Terms, "", Key, Key);
        scene.Books.Granted<AgreementView>(turn => AgreementTurns.Propose(turn, asker, command));
        scene.Books.Deliver();
    }

    private static string Key { get; } = Convert.ToBase64String(new byte[32]);
}
