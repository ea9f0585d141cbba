using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>Applies facts to a customer. It decides nothing and cannot refuse: what was stored did happen.</summary>
public static class CustomerEvolution
{
    // What was too late before the fact is back: a fact that takes from lots may have been decided on it.
    public static CustomerState Evolve(CustomerState state, CustomerFact fact) =>
        Fold(state.Holds.IsDefaultOrEmpty ? state : Holds.Settled(state, fact.At), fact);

    private static CustomerState Fold(CustomerState state, CustomerFact fact) => fact switch
    {
        PurchaseRecorded e => Bought(state, e),
        ReturnRecorded e => Returned(state, e),
        VoidRecorded e => Gone(state, e.At, e.Amount, e.Slices, e.Debt),
        PurchaseHandedOver e => Gone(state, e.At, e.Amount, e.Slices, e.Debt),
        PurchaseTakenOver e => TookOver(state, e),
        PointsRedeemed e => state with { LastAt = e.At, Lots = Lots.Take(state.Lots, e.Slices) },
        RedemptionReversed e => Restored(state, e),
        JointCouponHeld e => state with { LastAt = e.At, Wallet = JointWallet.Add(state.Wallet, e.Coupon, e.At) },
        JointCouponEnded e => state with { LastAt = e.At, Wallet = JointWallet.Remove(state.Wallet, e.CouponId) },
        PointsHeld e => state with
        {
            LastAt = e.At,
            Lots = Lots.Take(state.Lots, e.Slices),
            Holds = state.Holds.Add(new Hold(e.HoldId, e.Slices, e.ExpiresAt)),
        },
        HoldCaptured e => Holds.Released(state, e.HoldId, e.Slices, e.At) with { LastAt = e.At },
        HoldVoided e => Holds.Released(state, e.HoldId, [], e.At) with { LastAt = e.At },
        PointsAdjusted e => Moved(state, e.At, e.Taken, e.Given, e.PaidBack),
        PointsSent e => Moved(state, e.At, e.Taken, default, default),
        PointsReceived e => Moved(state, e.At, default, e.Given, e.PaidBack),
        LinkOffered e => Known(state, e.At, new CustomerLink(e.AgreementId, e.Side, e.BrandId)),
        CustomerLinked e => Known(state, e.At, new CustomerLink(e.AgreementId, e.Side, e.BrandId, e.LinkId)),
        CustomerUnlinked e => Unlinked(state, e),
        CustomerEnrolled e => Enrolled(state, e),
        CardReplaced e => Replaced(state, e),
        CardBlocked e => state with { LastAt = e.At, Keys = Block(state.Keys, [e.Hash]) },
        ProfileChanged e => state with { LastAt = e.At, Keys = OrEmpty(e.Keys), SealedProfile = e.SealedProfile },
        ConsentsChanged e => state with { LastAt = e.At, Consents = Merge(state.Consents, e.Consents) },
        ContactLogged e => state with { LastAt = e.At },
        CustomerErased e => Erased(state, e),
        _ => throw new InvalidOperationException($"Unknown customer fact {fact.GetType().Name}."),
    };

    private static CustomerState Enrolled(CustomerState state, CustomerEnrolled fact) => state with
    {
        IsEnrolled = true,
        EnrolledAt = fact.At,
        LastAt = fact.At,
        Keys = OrEmpty(fact.Keys),
        SealedProfile = fact.SealedProfile,
        Consents = OrEmpty(fact.Consents),
    };

    private static CustomerState Bought(CustomerState state, PurchaseRecorded fact) =>
        Bought(state, fact.At, fact.LotNumber > 0 ? LotOf(fact, state.Lots) : null, fact.Total, fact.PaidDebt, fact.PurchasedAt);

    private static CustomerState TookOver(CustomerState state, PurchaseTakenOver fact) =>
        Bought(state, fact.At, fact.LotNumber > 0 ? LotOf(fact, state.Lots) : null, fact.Amount, fact.PaidDebt, fact.PurchasedAt);

    private static CustomerState Bought(
        CustomerState state, Instant at, Lot? lot, long amount, long paidDebt, Instant purchasedAt)
    {
        var forgottenUntil = state.ForgottenUntil;
        var (lots, sums) = (state.Lots, state.Sums);
        if (lot is not null)
        {
            var longer = Lots.Add(lots, lot);
            lots = Lots.Bound(longer, at, ref forgottenUntil);
            sums = lots == longer ? LotSums.Of(state, at).With(lot, longer) : LotSums.Of(lots, at);
        }

        return state with
        {
            LastAt = at,
            Lots = lots,
            Sums = sums,
            ForgottenUntil = forgottenUntil,
            LastLot = Math.Max(state.LastLot, lot?.Number ?? 0),
            Debt = state.Debt - paidDebt,
            PurchaseCount = state.PurchaseCount + 1,
            Spend = state.Spend + amount,
            LastPurchaseAt = Instant.Max(state.LastPurchaseAt, purchasedAt),
        };
    }

    private static Lot LotOf(PurchaseRecorded fact, ImmutableArray<Lot> lots) => new(
        fact.LotNumber,
        SourceOf(fact.Source, lots),
        fact.PurchaseId,
        fact.Origin?.BrandId ?? "",
        fact.RuleVersion,
        fact.Accrued,
        Instant.Min(fact.PurchasedAt, fact.At),
        fact.ExpiresAt ?? Instant.MaxValue,
        fact.Accrued - fact.PaidDebt)
    { EntityId = fact.EntityId };

    // Nearly all sales come from one source: its name is kept in memory once, not with each of a hundred lots.
    private static string? SourceOf(string? source, ImmutableArray<Lot> lots) =>
        lots.Length > 0 && lots[^1].Source == source ? lots[^1].Source : source;

    private static CustomerState Returned(CustomerState state, ReturnRecorded fact) => state with
    {
        LastAt = fact.At,
        Lots = Lots.Take(state.Lots, fact.Slices),
        Debt = state.Debt + fact.Debt,
        Spend = state.Spend - fact.Amount,
    };

    // The latest purchase's time stays: which one came before is not known here.
    private static CustomerState Gone(
        CustomerState state, Instant at, long amount, ImmutableArray<LotSlice> slices, long debt) => state with
        {
            LastAt = at,
            Lots = Lots.Take(state.Lots, slices),
            Debt = state.Debt + debt,
            PurchaseCount = state.PurchaseCount - 1,
            Spend = state.Spend - amount,
        };

    private static Lot LotOf(PurchaseTakenOver fact, ImmutableArray<Lot> lots) => new(
        fact.LotNumber,
        SourceOf(fact.Source, lots),
        fact.PurchaseId,
        fact.BrandId,
        fact.RuleVersion,
        fact.Accrued,
        Instant.Min(fact.PurchasedAt, fact.At),
        fact.ExpiresAt ?? Instant.MaxValue,
        fact.Accrued - fact.PaidDebt)
    { EntityId = fact.EntityId };

    private static CustomerState Moved(
        CustomerState state,
        Instant at,
        ImmutableArray<LotSlice> taken,
        ImmutableArray<LotSlice> given,
        ImmutableArray<LotSlice> paidBack)
    {
        var forgottenUntil = state.ForgottenUntil;
        var lots = Lots.Take(Lots.Restore(Lots.Take(state.Lots, taken), given), paidBack);
        return state with
        {
            LastAt = at,
            Lots = Lots.Bound(lots, at, ref forgottenUntil),
            ForgottenUntil = forgottenUntil,
            LastLot = given.IsDefaultOrEmpty ? state.LastLot : given[^1].Number,
            Debt = state.Debt - Sum(paidBack),
        };
    }

    private static CustomerState Restored(CustomerState state, RedemptionReversed fact) => state with
    {
        LastAt = fact.At,
        Lots = Lots.Take(Lots.Restore(state.Lots, fact.Slices), fact.PaidBack),
        Debt = state.Debt - Sum(fact.PaidBack),
    };

    private static CustomerState Replaced(CustomerState state, CardReplaced fact) => state with
    {
        LastAt = fact.At,
        Keys = Block(state.Keys, fact.BlockedHashes).Add(new CustomerKey(CustomerKeyKind.Card, fact.NewHash)),
    };

    private static CustomerState Known(CustomerState state, Instant at, CustomerLink link) => state with
    {
        LastAt = at,
        Links = state.Links.RemoveAll(known => known.IsOf(link.AgreementId, link.Side)).Add(link),
    };

    // The agreement goes on knowing the pseudonym; what the other brand issued is no longer shown at this one.
    private static CustomerState Unlinked(CustomerState state, CustomerUnlinked fact)
    {
        var at = state.Links.FirstOrDefault(link => link.AgreementId == fact.AgreementId && link.LinkId == fact.LinkId);
        return at is null ? state with { LastAt = fact.At } : state with
        {
            LastAt = fact.At,
            Links = state.Links.Replace(at, at with { LinkId = "" }),
            Wallet = state.Wallet.RemoveAll(held =>
                held.AgreementId == fact.AgreementId && held.RedeemingBrandId == at.BrandId),
        };
    }

    // Balances stay: the books of the tenant do not change because a person is forgotten.
    private static CustomerState Erased(CustomerState state, CustomerErased fact) => state with
    {
        IsErased = true,
        LastAt = fact.At,
        SealedProfile = null,
        Keys = [],
        Consents = [],
        Wallet = [],
        Links = [],
    };

    private static ImmutableArray<CustomerKey> Block(ImmutableArray<CustomerKey> keys, ImmutableArray<string> hashes)
    {
        var changed = keys.ToBuilder();
        for (var i = 0; i < changed.Count; i++)
        {
            if (hashes.Contains(changed[i].Hash)) changed[i] = changed[i] with { IsBlocked = true };
        }

        return changed.ToImmutable();
    }

    private static ImmutableArray<Consent> Merge(ImmutableArray<Consent> consents, ImmutableArray<Consent> changes)
    {
        var merged = consents.ToBuilder();
        foreach (var change in changes)
        {
            merged.RemoveAll(old =>
                old.BrandId == change.BrandId && old.Channel == change.Channel && old.Purpose == change.Purpose);
            merged.Add(change);
        }

        return merged.ToImmutable();
    }

    private static long Sum(ImmutableArray<LotSlice> slices)
    {
        long sum = 0;
        foreach (var slice in OrEmpty(slices))
        {
            sum += slice.Millipoints;
        }

        return sum;
    }

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> items) => items.IsDefault ? [] : items;
}
