using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>Somebody else proposed the agreement, and it is not accepted by both.</summary>
/// <param name="TenantId">Whose proposal it is.</param>
/// <param name="At">When it arrived, by this tenant's clock.</param>
public sealed record OpenProposal(string TenantId, Instant At);

/// <summary>How much of a tenant's list of agreements others may fill by proposing.</summary>
/// <param name="PerTenant">Open proposals of one other tenant.</param>
/// <param name="OfStrangers">Open proposals of all tenants together with whom no agreement was ever accepted.</param>
/// <param name="Days">So many days after its arrival an open proposal leaves the list when its place is needed.</param>
public sealed record ProposalRules(
    int PerTenant = ProposalRules.PerTenantDefault,
    int OfStrangers = ProposalRules.OfStrangersDefault,
    int Days = ProposalRules.DaysDefault)
{
    public const int PerTenantDefault = 10;

    public const int OfStrangersDefault = 50;

    public const int DaysDefault = 90;

    public const int DaysMax = 366;

    public static readonly ProposalRules Default = new();

    /// <summary>Those whose time on the list is over.</summary>
    public IEnumerable<string> Outdated(TenantState tenant, Instant now) => tenant.Agreements.Values
        .Where(agreement => agreement.Proposal is { } proposal && proposal.At + Duration.FromDays(Days) <= now)
        .Select(agreement => agreement.AgreementId);

    /// <summary>Why one more proposal of a tenant is not listed; null: nothing stands against it.</summary>
    public Refusal? Fault(TenantState tenant, string proposer, Instant now)
    {
        var outdated = Outdated(tenant, now).ToHashSet();
        var open = tenant.Agreements.Values
            .Where(agreement => agreement.Proposal is not null && !outdated.Contains(agreement.AgreementId))
            .Select(agreement => agreement.Proposal!.TenantId)
            .ToList();
        if (open.Count(id => id == proposer) >= PerTenant) return TooMany("open_proposals_per_tenant", PerTenant);

        return !tenant.IsPartner(proposer) && open.Count(id => !tenant.IsPartner(id)) >= OfStrangers
            ? TooMany("open_proposals_of_strangers", OfStrangers)
            : null;
    }

    private static Refusal TooMany(string limit, int maximum) =>
        Because(RefusalReason.LimitTooMany, ("limit", limit), ("maximum", maximum));
}
