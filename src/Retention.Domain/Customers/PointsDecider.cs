using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Purchases;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <summary>Decides what happens to one customer's points. Pure: the time is given, nothing is read or written.</summary>
public static class PointsDecider
{
    /// <summary>Minor units of one purchase, inclusive.</summary>
    public const long TotalMax = 1_000_000_000_000;

    public const int LinesMax = 500;

    /// <summary>Accrues for a sale of a customer who is there. The caller has checked the arguments and the place.</summary>
    public static (PurchaseRecorded? Fact, Refusal? Refusal) Record(
        CustomerState state, TenantState tenant, RecordPurchase command, Instant now)
    {
        state = Holds.Settled(state, now);
        var zone = DateTimeZoneProviders.Tzdb[tenant.TimeZone];
        var day = Accrual.DayOf(command.PurchasedAt ?? now, tenant, command.Origin.StoreId);
        if (Accrual.Of(tenant.Program, command.Total.MinorUnits - command.NotMoney, day, zone) is not { } accrual)
        {
            return (null, Because(FieldInvalid, ("field", "total"), ("rule", "accrues_what_can_be_counted")));
        }

        var isDead = accrual.ExpiresAt is { } end && end <= now;
        return (new PurchaseRecorded(
            command.Source,
            command.PurchaseId,
            command.PurchasedAt == now ? null : command.PurchasedAt,
            command.Total.MinorUnits,
            command.NotMoney,
            accrual.Millipoints,
            accrual.CapTook,
            // Points that are dead on arrival pay nothing.
            isDead ? 0 : Math.Min(state.Debt, accrual.Millipoints),
            accrual.Millipoints > 0 ? state.LastLot + 1 : 0,
            accrual.RuleVersion,
            accrual.ExpiresAt,
            command.Lines,
            command.OrderId,
            command.RedemptionIds)
        { At = now, Origin = command.Origin, EntityId = tenant.EntityOf(command.Origin.StoreId ?? "") }, null);
    }

    /// <summary>Null when the arguments stand for a sale; else the first thing that is wrong.</summary>
    public static Refusal? Check(RecordPurchase command)
    {
        if (command.Total.MinorUnits is < 0 or > TotalMax)
        {
            return Because(FieldInvalid, ("field", "total"), ("rule", $"0_to_{TotalMax}"));
        }

        if (command.NotMoney < 0 || command.NotMoney > command.Total.MinorUnits)
        {
            return Because(FieldInvalid, ("field", "tenders"), ("rule", "add_up_to_total"));
        }

        if (command.Lines.IsDefaultOrEmpty) return null;
        if (command.Lines.Length > LinesMax) return Because(LimitTooMany, ("field", "lines"), ("limit", LinesMax));

        long sum = 0;
        foreach (var line in command.Lines)
        {
            if (line.Amount is < 0 or > TotalMax || line.Quantity < 0)
            {
                return Because(FieldInvalid, ("field", "lines"), ("rule", $"amounts_0_to_{TotalMax}_and_no_quantity_below_0"));
            }

            sum += line.Amount;
        }

        if (sum != command.Total.MinorUnits)
        {
            return Because(
                FieldInvalid,
                ("field", "total"),
                ("rule", "sum_of_lines"),
                ("sum_of_lines", sum),
                ("total", command.Total.MinorUnits));
        }

        return HasTwins(command.Lines) ? Because(FieldInvalid, ("field", "lines"), ("rule", "each_line_id_once")) : null;
    }

    /// <summary>Takes back what a returned part accrued: from its own lot, from others, then as debt or not at all.</summary>
    public static ReturnRecorded Reverse(
        CustomerState state, Program program, PurchaseRecorded sale, PurchaseReturned returned, ReturnPurchase command, Instant now)
    {
        var taken = TakenBack.Of(state, program, sale, returned.Reversed, now);
        return new ReturnRecorded(
            sale.Source,
            sale.PurchaseId,
            returned.ReturnId,
            returned.Amount,
            returned.Reversed,
            taken.Slices,
            taken.Dead,
            taken.Debt,
            taken.Forgiven,
            command.Reason)
        { At = now, Origin = command.Origin };
    }

    // Refusals stand in the order the API documents; the first that applies is the answer.
    public static (PointsRedeemed? Fact, Refusal? Refusal) Redeem(CustomerState state, RedeemPoints command, Instant now)
    {
        if (command.Millipoints <= 0) return (null, Because(PointsMustBePositive, ("millipoints", command.Millipoints)));
        if (!state.IsActive) return (null, Because(CustomerNotFound));

        var available = Lots.Available(state.Lots, now);
        if (available < command.Millipoints)
        {
            return (null, Because(
                InsufficientPoints,
                ("available_millipoints", available),
                ("requested_millipoints", command.Millipoints)));
        }

        var slices = ImmutableArray.CreateBuilder<LotSlice>();
        Lots.TakeSoonest(state.Lots, command.Millipoints, now, 0, slices);
        return (new PointsRedeemed(
            command.RedemptionId,
            command.Millipoints,
            slices.ToImmutable(),
            command.GiftId,
            command.Source,
            command.OrderId)
        { At = now, Origin = command.Origin }, null);
    }

    /// <summary>Gives the points back to the lots they came from, dead ones included; live points then pay a debt.</summary>
    public static RedemptionReversed Reverse(
        CustomerState state, PointsRedeemed redemption, ReverseRedemption command, Instant now)
    {
        var paidBack = ImmutableArray.CreateBuilder<LotSlice>();
        if (state.Debt > 0)
        {
            Lots.TakeSoonest(Lots.Restore(state.Lots, redemption.Slices), state.Debt, now, 0, paidBack);
        }

        return new RedemptionReversed(
            redemption.RedemptionId,
            redemption.Millipoints,
            redemption.Slices,
            paidBack.Count == 0 ? default : paidBack.ToImmutable(),
            command.Reason)
        { At = now, Origin = command.Origin };
    }

    private static bool HasTwins(ImmutableArray<PurchaseLine> lines)
    {
        if (lines.Length == 1) return false;
        if (lines.Length > 8) return lines.Select(line => line.LineId).Distinct(StringComparer.Ordinal).Count() < lines.Length;

        for (var i = 1; i < lines.Length; i++)
        {
            for (var k = 0; k < i; k++)
            {
                if (lines[i].LineId == lines[k].LineId) return true;
            }
        }

        return false;
    }
}
