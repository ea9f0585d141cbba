using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Purchases;

/// <summary>Decides what a void or a reassignment does to the customers it concerns. Pure.</summary>
public static class CorrectionDecider
{
    /// <summary>Null while the sale may be voided: on its own day, at its store, and before anything came back.</summary>
    public static Refusal? CheckVoid(SoldPurchase sold, TenantState tenant, Instant now) =>
        CheckWhole(sold, tenant, now, 0);

    /// <summary>Null while the sale may be reassigned: once, for so many days, and before anything came back.</summary>
    public static Refusal? CheckReassign(SoldPurchase sold, TenantState tenant, Instant now) =>
        sold.State is { IsVoided: false, Holder: not null }
            ? Because(RefusalReason.PurchaseReassigned)
            : CheckWhole(sold, tenant, now, tenant.Program.Till.ReassignDays);

    public static VoidRecorded Void(
        CustomerState state, Program program, PurchaseRecorded sale, VoidPurchase command, Instant now)
    {
        var taken = TakenBack.Of(state, program, sale, sale.Accrued, now);
        return new VoidRecorded(
            sale.Source,
            sale.PurchaseId,
            sale.Total,
            sale.Accrued,
            taken.Slices,
            taken.Dead,
            taken.Debt,
            taken.Forgiven,
            command.Reason)
        { At = now, Origin = command.Origin };
    }

    public static PurchaseHandedOver HandOver(
        CustomerState state, Program program, PurchaseRecorded sale, ReassignPurchase command, Instant now)
    {
        var taken = TakenBack.Of(state, program, sale, sale.Accrued, now);
        return new PurchaseHandedOver(
            sale.Source,
            sale.PurchaseId,
            command.CustomerId,
            sale.Total,
            sale.Accrued,
            taken.Slices,
            taken.Dead,
            taken.Debt,
            taken.Forgiven,
            command.Reason)
        { At = now, Origin = command.Origin };
    }

    /// <summary>The same points, rule version and expiry; points that are dead on arrival pay no debt.</summary>
    public static PurchaseTakenOver TakeOver(
        CustomerState state, string from, PurchaseRecorded sale, ReassignPurchase command, Instant now)
    {
        state = Holds.Settled(state, now);
        var isDead = sale.ExpiresAt is { } end && end <= now;
        return new PurchaseTakenOver(
            sale.Source,
            sale.PurchaseId,
            from,
            sale.Origin?.BrandId ?? "",
            sale.PurchasedAt,
            sale.Total,
            sale.Accrued,
            isDead ? 0 : Math.Min(state.Debt, sale.Accrued),
            sale.Accrued > 0 ? state.LastLot + 1 : 0,
            sale.RuleVersion,
            sale.ExpiresAt,
            command.Reason)
        { At = now, Origin = command.Origin, EntityId = sale.EntityId };
    }

    private static Refusal? CheckWhole(SoldPurchase sold, TenantState tenant, Instant now, int daysMax)
    {
        if (sold.State.IsVoided) return Because(RefusalReason.PurchaseVoided);

        var store = sold.Sale.Origin?.StoreId;
        var last = Accrual.DayOf(sold.Sale.PurchasedAt, tenant, store).PlusDays(daysMax);
        var today = Accrual.DayOf(now, tenant, store);
        if (today > last) return Because(TooLate, ("last_date", Iso(last)), ("date", Iso(today)));

        return sold.State.HasReturns
            ? Because(RefusalReason.PurchaseReturned, ("returned_minor_units", sold.State.Amount))
            : null;
    }

    private static string Iso(LocalDate day) => NodaTime.Text.LocalDatePattern.Iso.Format(day);
}
