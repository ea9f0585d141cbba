using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>What a purchase or its return at the issuing brand does in the agreement. Both arrive as effects.</summary>
public static class JointIssueTurns
{
    /// <summary>A purchase triggered a leg: a coupon, or the reason why there is none.</summary>
    public static Decision Issue(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.IssueJointCoupon);
        if (Opened(turn, from, to, message) is not { } desk)
        {
            return AgreementTurns.Unknown(to.OwnerId);
        }

        var depth = DepthOf(turn, to, message);
        var other = OtherLegUse(turn, desk);
        if (!turn.IsComplete || desk.Coupon.IsIssued || desk.IsClosed) return Decision.Silent();
        if (Suppression(desk, message, depth, other) is { } reason)
        {
            desk.Pen.Write(new IssueSuppressed(desk.FoundLeg.LegId, reason));
            return desk.Pen.Into(Decision.Silent());
        }

        var terms = desk.Agreement.Agreed;
        var face = FaceInAccount(desk) ?? throw new InvalidOperationException("The issue was not suppressed for want of a rate.");
        var endsOn = desk.Today.PlusDays(terms.DaysValid);
        var issued = new JointCouponIssued(
            desk.FoundLeg.LegId,
            message.Pseudonym,
            message.Customer,
            terms.DiscountAt(desk.FoundLeg.Redeemer),
            desk.Agreement.TermsVersion,
            endsOn,
            desk.Agreement.Zone.AtStartOfDay(endsOn.PlusDays(1)).ToInstant())
        {
            At = desk.Now,
            ReservedMinorUnits = terms.FundedMax(face),
            Depth = depth == 1 ? 0 : depth,
            AccountFaceMinorUnits = terms.Fx is { } fx && fx.Side == desk.FoundLeg.Redeemer ? face : null,
        };
        desk.Pen.Write(new IssueCounted(desk.FoundLeg.LegId, desk.CouponId, endsOn, face)
        {
            ReservedMinorUnits = issued.ReservedMinorUnits,
            IssuerShareMinorUnits = terms.IssuerShare(face),
        });
        JointEntries.Issue(desk, terms, face);
        var decision = Decision.Silent()
            .Change(desk.CouponGrain, issued)
            .Change(desk.UseGrain, new JointUseOpened(
                desk.CouponId, issued.ExpiresAt, AccountState.MonthOf(desk.Today), desk.Code)
            { At = desk.Now });
        return JointNews.TellReceived(desk, desk.Pen.Into(decision), desk.Coupon.Evolve(issued));
    }

    /// <summary>
    /// The purchase was returned: its open coupon is voided, an outdated one stays expired, a used one is clawed back
    /// as the terms say. A return that comes first voids the coupon before its issue.
    /// </summary>
    public static Decision Void(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.VoidJointCoupon);
        if (Opened(turn, from, to, message) is not { } desk)
        {
            return AgreementTurns.Unknown(to.OwnerId);
        }

        if (!turn.IsComplete || !Concerns(message, desk) || desk.IsClosed) return Decision.Silent();
        return desk.Coupon.Status switch
        {
            JointCouponStatus.None => Decision.Silent().Change(desk.CouponGrain, Voided(desk)),
            JointCouponStatus.Open when desk.Coupon.ExpiresAt > desk.Now => desk.Stack == StackStanding.None
                ? VoidOpen(desk)
                : Awaited(desk),
            JointCouponStatus.Redeemed when !desk.Coupon.IsTriggerReturned => TriggerReturned(desk),
            _ => Decision.Silent(),
        };
    }

    private static SuppressionReason? Suppression(
        JointDesk desk, IssueJointCoupon message, int depth, JointUseState other)
    {
        var terms = desk.Agreement.Agreed;
        if (desk.Coupon.Status == JointCouponStatus.Voided) return SuppressionReason.Returned;
        if (!desk.Agreement.IssuesIn(desk.FoundLeg.LegId, desk.Now)) return SuppressionReason.NotActive;
        var issuer = desk.FoundLeg.Issuer;
        if (message.Currency != terms.CurrencyOf(issuer) || message.AmountMinorUnits < terms.MinimumBasketAt(issuer))
        {
            return SuppressionReason.TriggerNotMet;
        }

        var openMax = terms.MaxOpenPerCustomer > 0 ? terms.MaxOpenPerCustomer : AgreementTerms.OpenMax;
        if (desk.Use.OpenCount(desk.Now) >= openMax) return SuppressionReason.MaxOpenPerCustomer;

        if (terms.MaxIssuedPerCustomerMonth > 0
            && desk.Use.IssuedIn(AccountState.MonthOf(desk.Today)) >= terms.MaxIssuedPerCustomerMonth)
        {
            return SuppressionReason.MaxIssuedPerCustomerMonth;
        }

        return desk.Person.Holder.MayShare ? BeyondCaps(desk, depth, other) : SuppressionReason.ConsentMissing;
    }

    private static SuppressionReason? BeyondCaps(JointDesk desk, int depth, JointUseState other)
    {
        var (terms, month) = (desk.Agreement.Agreed, AccountState.MonthOf(desk.Today));
        var caps = terms.Caps;
        if (caps is { MaxOpenPerPerson: > 0 }
            && desk.Use.OpenCount(desk.Now) + other.OpenCount(desk.Now) >= caps.MaxOpenPerPerson)
        {
            return SuppressionReason.MaxOpenPerPerson;
        }

        if (caps is { MaxIssuedPerPersonMonth: > 0 }
            && desk.Use.IssuedIn(month) + other.IssuedIn(month) >= caps.MaxIssuedPerPersonMonth)
        {
            return SuppressionReason.MaxIssuedPerPersonMonth;
        }

        if (depth > terms.ChainDepth()) return SuppressionReason.ChainDepth;

        if (FaceInAccount(desk) is not { } face) return SuppressionReason.RateMissing;

        var account = desk.Pen.State.MovedTo(desk.Today);
        var share = terms.IssuerShare(face);
        if (IsOver(caps, account, desk.FoundLeg.Issuer, share)
            || IsOver(caps, account, desk.FoundLeg.Redeemer, face - share))
        {
            return SuppressionReason.FundingCap;
        }

        var needed = terms.FundedMax(face) + terms.PaidByIssuer(FeeTrigger.Issue, face);
        return terms.Credit is { } credit
            && account.ExposureOf(desk.FoundLeg.Issuer) + needed > credit.LimitMinorUnits
                ? SuppressionReason.CreditExhausted
                : null;
    }

    // What a coupon issued now comes to, by the rate of now; null: it takes one, and there is none.
    private static long? FaceInAccount(JointDesk desk)
    {
        var (terms, redeemer) = (desk.Agreement.Agreed, desk.FoundLeg.Redeemer);
        return terms.InAccount(redeemer, terms.DiscountAt(redeemer), desk.RateUnder(terms));
    }

    private static bool IsOver(CapTerms? caps, AccountState account, Side side, long more) =>
        caps?.FundedPerPeriod(side) is > 0 and var most && account.Period!.FundedBy(side) + more > most;

    // A purchase that used coupons of the agreement gives one that stands after the longest of their chains.
    private static int DepthOf(ITurn turn, PartitionId to, IssueJointCoupon message)
    {
        var depth = 0;
        foreach (var redemption in message.Redemptions.IsDefault ? [] : message.Redemptions)
        {
            if (RedemptionId.Key(redemption) is not { } key) continue;
            if (JointDesk.Redeemed(turn.Recorded(key), to) is not { } redeemed) continue;
            depth = Math.Max(depth, Math.Max(1, turn.State<JointCouponState>(redeemed.Grain).Depth));
        }

        return depth + 1;
    }

    // What the same person got in the other leg, where he is known at both brands.
    private static JointUseState OtherLegUse(ITurn turn, JointDesk desk)
    {
        var (leg, holder) = (desk.FoundLeg, desk.Person.Holder);
        var other = leg.LegId == Leg.First ? Leg.Second : Leg.First;
        return holder.IsLinked && desk.Agreement.FindLeg(other) is not null
            ? turn.State<JointUseState>(AgreementGrains.UseId(desk.Agreement.AgreementId, other, holder.Other))
            : JointUseState.Initial;
    }

    // Used or voided, as the stacked order that holds it comes out.
    private static Decision Awaited(JointDesk desk) => desk.Coupon.IsTriggerReturned
        ? Decision.Silent()
        : Decision.Silent().Change(desk.CouponGrain, new JointTriggerReturned(false) { At = desk.Now });

    internal static Decision VoidOpen(JointDesk desk)
    {
        desk.Pen.Write(new VoidCounted(
            desk.FoundLeg.LegId, desk.CouponId, desk.Coupon.EndsOn, desk.Coupon.FaceInAccount)
        {
            ReservedMinorUnits = desk.Coupon.ReservedMinorUnits,
        });
        var decision = Decision.Silent()
            .Change(desk.CouponGrain, Voided(desk))
            .Change(desk.UseGrain, new JointUseClosed(desk.CouponId) { At = desk.Now });
        return JointNews.TellGone(desk, desk.Pen.Into(decision), JointCouponEnd.Voided);
    }

    private static Decision TriggerReturned(JointDesk desk)
    {
        var decision = Decision.Silent();
        return ClawBack(desk, decision) ? desk.Pen.Into(decision) : decision;
    }

    /// <summary>A used coupon's purchase is returned. True: entries wait in the account's pen.</summary>
    internal static bool ClawBack(JointDesk desk, Decision decision)
    {
        var terms = desk.Terms;
        var isInTime = terms.ClawBackDays == 0
            || Period.DaysBetween(desk.Coupon.RedeemedOn, desk.Today) <= terms.ClawBackDays;
        var clawsBack = terms.MirrorsReturns && isInTime;
        decision.Change(desk.CouponGrain, new JointTriggerReturned(clawsBack) { At = desk.Now });
        if (clawsBack) JointEntries.TakeBack(desk, new ClawBackCleared());
        return clawsBack;
    }

    // What a return leaves of the purchase may fulfill one version of the terms and not another: the coupon's counts.
    private static bool Concerns(VoidJointCoupon message, JointDesk desk) =>
        message.TermsVersions is not { } versions
        || versions.Contains(desk.Coupon.IsIssued ? desk.Coupon.TermsVersion : desk.Agreement.TermsVersion);

    private static JointCouponVoided Voided(JointDesk desk) => new("", "TRIGGER_RETURNED", "") { At = desk.Now };

    private static JointDesk? Opened(ITurn turn, PartitionId from, PartitionId to, IssueJointCoupon message) =>
        JointDesk.OfPurchase(turn, from, to, message.LegId, message.Pseudonym, message.Purchase, message.At);

    private static JointDesk? Opened(ITurn turn, PartitionId from, PartitionId to, VoidJointCoupon message) =>
        JointDesk.OfPurchase(turn, from, to, message.LegId, message.Pseudonym, message.Purchase, message.At);
}
