using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Offline;

/// <summary>What a till gave without the network, brought in later.</summary>
/// <param name="Till">As for a redemption; it is named after the order.</param>
/// <param name="Signed">What the till read; null: no text that this system signs.</param>
/// <param name="Fault">Why the signature does not count; asked in the turn, so that a repeat of what was kept is repeated.</param>
public sealed record CaptureOffline(
    RedeemCoupon Till, SignedCoupon? Signed, Refusal? Fault, string Source, string OrderId, string TillId, Instant TillAt)
{
    /// <summary>Of one call.</summary>
    public const int ItemsMax = 100;
}

/// <summary>Either of the two.</summary>
public sealed record OfflineCapture(CouponRedemption? Redemption, OfflineConflict? Conflict, string Currency);

/// <summary>A coupon's text, and the key to sign it with.</summary>
public sealed record CouponToSign(SignedCoupon Coupon, SigningKey Key);

/// <param name="Book">The head.</param>
/// <param name="NextIndex">Where the next page begins; null at the end.</param>
public sealed record OfflineReport(
    OfflineBookState Book, ImmutableArray<OfflineConflict> Conflicts, string Currency, int? NextIndex);

/// <summary>What own and joint offers do alike with a capture.</summary>
internal static class OfflineCaptures
{
    /// <summary>Why a capture is not even a conflict; null: it is judged.</summary>
    public static Refusal? TimeFault(CaptureOffline command, Instant now) =>
        command.TillAt > now + OfflineTerms.ClockSkewMax
            ? Refusal.Because(RefusalReason.FieldInvalid, ("field", "items.till_time"), ("rule", "not_in_the_future"))
            : null;

    public static Refusal Tampered() => Refusal.Because(RefusalReason.SignatureInvalid);

    /// <summary>Adds the delay to the other failing conditions: what comes too late cannot become a redemption.</summary>
    public static void Late(CaptureOffline command, OfflineTerms terms, Instant now, ref Refusals failing)
    {
        if (now - command.TillAt <= terms.MaxDelay()) return;
        failing.Add(
            RefusalReason.TooLate, ("till_time", command.TillAt), ("max_delay_seconds", (long)terms.MaxDelay().TotalSeconds));
    }

    public static Decision Accepted(Decision redeemed, CaptureOffline command, PartitionId partition)
    {
        var redemption = (CouponRedemption)redeemed.Reply!;
        return redeemed
            .Answer(new OfflineCapture(redemption, null, redemption.Currency))
            .Change(
                OfflineGrains.Head(partition),
                new OfflineAccepted(
                    redemption.RedemptionId,
                    redemption.DiscountMinorUnits,
                    command.Source,
                    command.OrderId,
                    command.TillAt,
                    redemption.RedeemedAt));
    }

    /// <param name="head">As it is before.</param>
    public static Decision Conflicted(OfflineConflict conflict, OfflineBookState head, PartitionId partition, string currency)
    {
        var numbered = conflict with { Number = head.ConflictCount + 1 };
        return Decision.With(new OfflineCapture(null, numbered, currency))
            .Change(OfflineGrains.Head(partition), new OfflineConflictCounted(numbered.Loss, numbered.CapturedAt))
            .Change(OfflineGrains.Page(partition, head.ConflictCount), new OfflineConflicted(numbered));
    }

    public static OfflineConflict Conflict(
        CaptureOffline command, string couponId, string offerId, Refusals failing, long loss, LossParty borneBy, Instant now) => new(
        0,
        couponId,
        offerId,
        command.Source,
        command.OrderId,
        command.Till.StoreId,
        command.TillId,
        [.. failing.All.Select(refusal => Refusals.UpperSnake(refusal.Reason.ToString())).Distinct()],
        loss,
        borneBy,
        command.TillAt,
        now);

    /// <summary>Conflicts in the order of their capture, from the index on (0-based).</summary>
    public static Decision Report(ITurn turn, PartitionId partition, string currency, int from, int limit)
    {
        var head = turn.State<OfflineBookState>(OfflineGrains.Head(partition));
        var end = (int)Math.Min(head.ConflictCount, from + limit);
        var conflicts = ImmutableArray.CreateBuilder<OfflineConflict>();
        for (var index = from; index < end; index++)
        {
            var page = turn.State<OfflineBookState>(OfflineGrains.Page(partition, index)).Conflicts;
            if (!turn.IsComplete) return Decision.Silent();
            conflicts.Add(page[index % OfflineBookState.PageSize]);
        }

        return Decision.With(new OfflineReport(head, conflicts.ToImmutable(), currency, end < head.ConflictCount ? end : null));
    }
}
