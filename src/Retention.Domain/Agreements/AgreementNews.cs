using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>What tenants are told of their agreements, and what they keep of it.</summary>
public static class AgreementNews
{
    public const int AgreementsMax = 1000;

    /// <summary>Tells both sides that the agreement exists, and again when both have accepted it.</summary>
    /// <param name="proposer">Its tenant; null: both have accepted.</param>
    public static Decision Known(Decision decision, AgreementState state, Instant at, string? proposer)
    {
        Tell(state.First, state.Second);
        if (state.Second.TenantId != state.First.TenantId) Tell(state.Second, state.First);
        return decision;

        void Tell(Party to, Party other) => decision.Send(JointMessages.ToTenant(
            to.TenantId,
            JointMessages.Known,
            new AgreementKnown(
                state.AgreementId, to.BrandId, other.BrandId, CouponCode.Prefix(state.AgreementId), at)
            {
                Sides = [.. state.SidesOf(to.TenantId).Select(side => new OwnSide(
                    side, state.PartyOf(side).BrandId, state.PseudonymKeyOf(side)))],
                Proposer = proposer,
                PartnerTenantId = proposer is null ? other.TenantId : null,
            },
            JointMessagesJson.Default.AgreementKnown));
    }

    /// <summary>Tells the issuing side of each leg what changed: whether its purchases issue, and which.</summary>
    public static Decision Legs(Decision decision, AgreementState before, AgreementState state, Instant at)
    {
        foreach (var leg in state.Legs())
        {
            var (issued, issues) = (before.IssuesIn(leg.LegId), state.IssuesIn(leg.LegId));
            if (issues && (!issued || before.TermsVersion != state.TermsVersion || before.EndsAt != state.EndsAt))
            {
                decision.Send(Active(state, leg, at));
            }
            else if (issued && !issues)
            {
                decision.Send(Inactive(state, leg, at));
            }
        }

        return decision;
    }

    /// <summary>
    /// A brand may be created later than it is named: acceptance, which binds, is what needs it. What others propose is
    /// listed within the tenant's own bounds; those whose time is over make room.
    /// </summary>
    public static Decision ReceiveKnown(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var news = JointMessages.Read(payload, JointMessagesJson.Default.AgreementKnown);
        var (grain, tenant) = Tenant(turn, to);
        if (!turn.IsComplete) return Decision.Silent();
        if (!tenant.Exists) return Because(RefusalReason.TenantNotFound);
        if (from != PartitionId.Agreement(news.AgreementId)) return Because(RefusalReason.NotAParty);

        var (now, rules) = (tenant.Now(turn.Time), tenant.Program.Proposal);
        var foreign = news.Proposer is { } by && by != to.OwnerId ? by : null;
        if (foreign is not null && rules.Fault(tenant, foreign, now) is { } fault) return fault;

        var decision = Decision.Silent();
        var outdated = rules.Outdated(tenant, now).Where(id => id != news.AgreementId).ToImmutableArray();
        if (!tenant.Agreements.ContainsKey(news.AgreementId) && tenant.Agreements.Count - outdated.Length >= AgreementsMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "agreements"), ("maximum", AgreementsMax));
        }

        if (outdated.Length > 0) decision.Change(grain, new ProposalsDropped(outdated));
        return decision.Change(grain, new AgreementNoted(
            new AgreementRef(news.AgreementId, news.BrandId, news.OtherBrandId, news.CodePrefix)
            {
                Sides = news.Sides,
                Proposal = foreign is null ? null : new OpenProposal(foreign, now),
                PartnerTenantId = news.PartnerTenantId,
            }));
    }

    public static Decision ReceiveLegActive(
        ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var news = JointMessages.Read(payload, JointMessagesJson.Default.AgreementLegActive);
        var (grain, tenant) = Tenant(turn, to);
        if (!turn.IsComplete) return Decision.Silent();
        if (!tenant.Agreements.ContainsKey(news.AgreementId) || from != PartitionId.Agreement(news.AgreementId))
        {
            return Because(RefusalReason.NotAParty);
        }

        var leg = new TriggerLeg(
            news.AgreementId,
            news.LegId,
            news.BrandId,
            news.MinimumBasketMinorUnits,
            news.Categories,
            news.PseudonymKey)
        { TermsVersion = news.TermsVersion, EndsAt = news.EndsAt };
        return Decision.Silent().Change(grain, new TriggerSet(leg.After(Known(tenant, news.AgreementId, news.LegId))));
    }

    public static Decision ReceiveLegInactive(
        ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var news = JointMessages.Read(payload, JointMessagesJson.Default.AgreementLegInactive);
        var (grain, tenant) = Tenant(turn, to);
        if (!turn.IsComplete) return Decision.Silent();

        var known = Known(tenant, news.AgreementId, news.LegId);
        return known is null || from != PartitionId.Agreement(news.AgreementId)
            ? Because(RefusalReason.NotAParty)
            : Decision.Silent().Change(grain, new TriggerSet(known with { IsPaused = true }));
    }

    private static Effect Active(AgreementState state, Leg leg, Instant at) => JointMessages.ToTenant(
        leg.Issuing.TenantId,
        JointMessages.LegActive,
        new AgreementLegActive(
            state.AgreementId,
            leg.LegId,
            leg.Issuing.BrandId,
            state.Agreed.MinimumBasketAt(leg.Issuer),
            state.Agreed.Categories,
            leg.PseudonymKey,
            at)
        { TermsVersion = state.TermsVersion, EndsAt = state.EndsAt },
        JointMessagesJson.Default.AgreementLegActive);

    private static Effect Inactive(AgreementState state, Leg leg, Instant at) => JointMessages.ToTenant(
        leg.Issuing.TenantId,
        JointMessages.LegInactive,
        new AgreementLegInactive(state.AgreementId, leg.LegId, at),
        JointMessagesJson.Default.AgreementLegInactive);

    private static TriggerLeg? Known(TenantState tenant, string agreementId, string legId) =>
        tenant.Triggers.FirstOrDefault(leg => leg.AgreementId == agreementId && leg.LegId == legId);

    private static (GrainId Grain, TenantState State) Tenant(ITurn turn, PartitionId to)
    {
        var grain = TenantGrains.Id(to.OwnerId);
        return (grain, turn.State<TenantState>(grain));
    }
}
