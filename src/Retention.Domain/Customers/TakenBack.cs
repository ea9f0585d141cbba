using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tenants;

namespace Retention.Domain.Customers;

/// <summary>
/// Millipoints taken back for a sale: from its own lot, then from the others, soonest expiry first, and what is left
/// as debt or, where the program allows none, not at all. The parts add up to what was asked.
/// </summary>
/// <param name="Slices">Default when no lot had anything.</param>
/// <param name="Dead">Had expired in a lot that is already forgotten: the customer lost them already.</param>
public readonly record struct TakenBack(ImmutableArray<LotSlice> Slices, long Dead, long Debt, long Forgiven)
{
    public static TakenBack Of(CustomerState state, Program program, PurchaseRecorded sale, long millipoints, Instant now)
    {
        state = Holds.Settled(state, now);
        var slices = ImmutableArray.CreateBuilder<LotSlice>();
        var left = millipoints;
        var own = OwnLot(state, sale);
        if (own is { Remaining: > 0 } && left > 0)
        {
            var taken = Math.Min(left, own.Remaining);
            slices.Add(LotSlice.Of(own, taken));
            left -= taken;
        }

        var dead = own is null && sale.ExpiresAt is { } end && end <= state.ForgottenUntil ? left : 0;
        left -= dead;
        left -= Lots.TakeSoonest(state.Lots, left, now, own?.Number ?? 0, slices);
        var debt = program.ReturnMayGoNegative ? left : 0;
        return new TakenBack(slices.Count == 0 ? default : slices.ToImmutable(), dead, debt, left - debt);
    }

    private static Lot? OwnLot(CustomerState state, PurchaseRecorded sale) => sale.LotNumber == 0
        ? null
        : Lots.Find(
            state.Lots,
            sale.LotNumber,
            sale.ExpiresAt ?? Instant.MaxValue,
            sale.RuleVersion,
            sale.Origin?.BrandId ?? "",
            sale.EntityId);
}
