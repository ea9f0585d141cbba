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

    /// <summary>Tells both sides that the agreement exists.</summary>
    public static Decision Known(Decision decision, AgreementState state, Instant at)
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
            },
            JointMessagesJson.Default.AgreementKnown));
    }

    /// <summary>Tells the issuing side of each leg whether its purchases issue.</summary>
    public static Decision Legs(Decision decision, AgreementState state, Instant at)
    {
        foreach (var leg in state.Legs())
        {
            decision.Send(state.Issues ? Active(state, leg, at) : Inactive(state, leg, at));
        }

        return decision;
    }

    public static Decision ReceiveKnown(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var news = JointMessages.Read(payload, JointMessagesJson.Default.AgreementKnown);
        var (grain, tenant) = Tenant(turn, to);
        if (!turn.IsComplete) return Decision.Silent();
        if (!tenant.Exists) return Because(RefusalReason.TenantNotFound);
        if (!tenant.Brands.ContainsKey(news.BrandId)) return Because(RefusalReason.BrandNotFound);
        if (from != PartitionId.Agreement(news.AgreementId)) return Because(RefusalReason.NotAParty);
        if (tenant.Agreements.Count >= AgreementsMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "agreements"), ("maximum", AgreementsMax));
        }

        return Decision.Silent().Change(grain, new AgreementNoted(
            new AgreementRef(news.AgreementId, news.BrandId, news.OtherBrandId, news.CodePrefix)
            {
                Sides = news.Sides,
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

        return Decision.Silent().Change(grain, new TriggerSet(new TriggerLeg(
            news.AgreementId,
            news.LegId,
            news.BrandId,
            news.MinimumBasketMinorUnits,
            news.Categories,
            news.PseudonymKey)));
    }

    public static Decision ReceiveLegInactive(
        ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var news = JointMessages.Read(payload, JointMessagesJson.Default.AgreementLegInactive);
        var (grain, tenant) = Tenant(turn, to);
        if (!turn.IsComplete) return Decision.Silent();

        var known = tenant.Triggers
            .FirstOrDefault(leg => leg.AgreementId == news.AgreementId && leg.LegId == news.LegId);
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
            state.Agreed.MinimumBasketMinorUnits,
            state.Agreed.Categories,
            leg.PseudonymKey,
            at),
        JointMessagesJson.Default.AgreementLegActive);

    private static Effect Inactive(AgreementState state, Leg leg, Instant at) => JointMessages.ToTenant(
        leg.Issuing.TenantId,
        JointMessages.LegInactive,
        new AgreementLegInactive(state.AgreementId, leg.LegId, at),
        JointMessagesJson.Default.AgreementLegInactive);

    private static (GrainId Grain, TenantState State) Tenant(ITurn turn, PartitionId to)
    {
        var grain = TenantGrains.Id(to.OwnerId);
        return (grain, turn.State<TenantState>(grain));
    }
}
