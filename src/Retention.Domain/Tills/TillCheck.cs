using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Tills;

/// <summary>
/// What the program's rules say of a till that serves a customer. A rule costs nothing where no cashier is registered, and
/// no use is counted where no number is set.
/// </summary>
/// <param name="Flags">Rules that the request is flagged by; default for none.</param>
/// <param name="Use">To be counted when the request is granted; null where the program does not count.</param>
/// <param name="Refusal">The first rule that refuses: OWN_CARD, CARD_VELOCITY.</param>
public readonly record struct TillCheck(ImmutableArray<TillRule> Flags, CardUsed? Use, Refusal? Refusal)
{
    /// <param name="usedAt">Business time.</param>
    public static TillCheck Of(
        ITurn turn, TenantScope scope, string customerId, Origin origin, Instant usedAt, Instant now)
    {
        var rules = scope.Tenant.Program.Till;
        var flags = ImmutableArray<TillRule>.Empty;
        if (rules.OwnCard != RuleOutcome.Allow && scope.Tenant.HasCashiers && IsOwn(turn, scope, customerId, origin))
        {
            if (rules.OwnCard == RuleOutcome.Refuse) return Refused(Because(RefusalReason.OwnCard));
            flags = flags.Add(TillRule.OwnCard);
        }

        if (!rules.CountsCardUses) return new TillCheck(flags, null, null);

        var use = new CardUsed(HourOf(usedAt), usedAt.InZone(DateTimeZoneProviders.Tzdb[scope.Tenant.TimeZone]).Date) { At = now };
        var after = turn.State<CardUseState>(TillGrains.CardUseId(scope.Partition, customerId)).Evolve(use);
        if (Excess(rules, use, after) is not { } excess) return new TillCheck(flags, use, null);
        return rules.CardVelocity == RuleOutcome.Refuse
            ? Refused(excess)
            : new TillCheck(flags.Add(TillRule.CardVelocity), use, null);
    }

    /// <summary>Counts what was granted, and says what it is flagged by.</summary>
    public void Write(
        Decision decision, TenantScope scope, string customerId, Origin origin, string what, Instant now)
    {
        if (Use is { } use) decision.Change(TillGrains.CardUseId(scope.Partition, customerId), use);
        if (Flags.IsDefaultOrEmpty) return;

        var day = TillGrains.DayId(
            scope.Partition, now.InZone(DateTimeZoneProviders.Tzdb[scope.Tenant.TimeZone]).Date);
        foreach (var rule in Flags)
        {
            decision.Change(day, new TillFlagged(
                origin.StoreId ?? "", origin.TillId ?? "", origin.CashierId ?? "", rule, customerId, what)
            { At = now });
        }
    }

    private static bool IsOwn(ITurn turn, TenantScope scope, string customerId, Origin origin)
    {
        if (origin.CashierId is not { } cashierId) return false;

        var atStore = turn.State<CashierState>(TillGrains.CashierId(scope.Partition, origin.StoreId ?? "", cashierId));
        if (atStore.CustomerId.Length > 0) return atStore.CustomerId == customerId;
        return turn.State<CashierState>(TillGrains.CashierId(scope.Partition, "", cashierId)).CustomerId == customerId;
    }

    private static Refusal? Excess(TillRules rules, CardUsed use, CardUseState after)
    {
        if (rules.CardUsesPerHour > 0 && after.Hour == use.Hour && after.HourCount > rules.CardUsesPerHour)
        {
            return Because(RefusalReason.CardVelocity, ("limit", "hour"), ("maximum", rules.CardUsesPerHour));
        }

        return rules.CardUsesPerDay > 0 && after.Day == use.Day && after.DayCount > rules.CardUsesPerDay
            ? Because(RefusalReason.CardVelocity, ("limit", "day"), ("maximum", rules.CardUsesPerDay))
            : null;
    }

    private static Instant HourOf(Instant moment) =>
        Instant.FromUnixTimeSeconds(Math.DivRem(moment.ToUnixTimeSeconds(), 3600).Quotient * 3600);

    private static TillCheck Refused(Refusal why) => new([], null, why);
}
