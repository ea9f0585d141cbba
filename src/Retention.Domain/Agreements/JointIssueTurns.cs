using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Links;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>What a purchase or its return at the issuing brand does in the agreement. Both arrive as effects.</summary>
public static class JointIssueTurns
{
    /// <summary>A purchase triggered a leg: a coupon, or the reason why there is none.</summary>
    public static Decision Issue(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.IssueJointCoupon);
        if (Opened(turn, from, to, message.LegId, message.Pseudonym, message.Purchase, message.At) is not { } desk)
        {
            return AgreementTurns.Unknown(to.OwnerId);
        }

        var person = LinkedPerson.Of(turn, desk.Agreement, desk.Leg, message.Pseudonym);
        if (!turn.IsComplete || desk.Coupon.IsIssued) return Decision.Silent();
        if (Suppression(desk, person, message) is { } reason)
        {
            return Decision.Silent().Change(
                desk.AccountGrain, new IssueSuppressed(desk.Leg.LegId, reason) { At = desk.Now, On = desk.Today });
        }

        var terms = desk.Agreement.Agreed;
        var endsOn = desk.Today.PlusDays(terms.DaysValid);
        var issued = new JointCouponIssued(
            desk.Leg.LegId,
            message.Pseudonym,
            message.Customer,
            terms.DiscountMinorUnits,
            desk.Agreement.TermsVersion,
            endsOn,
            desk.Agreement.Zone.AtStartOfDay(endsOn.PlusDays(1)).ToInstant())
        { At = desk.Now };
        var couponId = CouponCode.CouponId(desk.Code);
        var coupon = desk.Coupon.Evolve(issued);
        var decision = Decision.Silent()
            .Change(desk.CouponGrain, issued)
            .Change(desk.UseGrain, new JointUseOpened(
                couponId, issued.ExpiresAt, AccountState.MonthOf(desk.Today), desk.Code)
            { At = desk.Now })
            .Change(desk.AccountGrain, new IssueCounted(
                desk.Leg.LegId, couponId, endsOn, terms.DiscountMinorUnits)
            { At = desk.Now, On = desk.Today })
            .Send(JointNews.Received(desk.Agreement, desk.Leg, desk.Code, coupon, desk.Now));
        return person.TellReceived(decision, desk.Agreement, desk.Leg, desk.Code, coupon, desk.Now);
    }

    /// <summary>
    /// The purchase was returned: its open coupon is voided, an outdated one stays expired, a used one is clawed back
    /// as the terms say. A return that comes first voids the coupon before its issue.
    /// </summary>
    public static Decision Void(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.VoidJointCoupon);
        if (Opened(turn, from, to, message.LegId, message.Pseudonym, message.Purchase, message.At) is not { } desk)
        {
            return AgreementTurns.Unknown(to.OwnerId);
        }

        if (!turn.IsComplete) return Decision.Silent();
        var person = LinkedPerson.Of(turn, desk.Agreement, desk.Leg, message.Pseudonym);
        if (!turn.IsComplete) return Decision.Silent();
        return desk.Coupon.Status switch
        {
            JointCouponStatus.None => Decision.Silent().Change(desk.CouponGrain, Voided(desk)),
            JointCouponStatus.Open when desk.Coupon.ExpiresAt > desk.Now => VoidOpen(desk, person),
            JointCouponStatus.Redeemed when !desk.Coupon.IsTriggerReturned => TriggerReturned(desk),
            _ => Decision.Silent(),
        };
    }

    private static SuppressionReason? Suppression(Desk desk, LinkedPerson person, IssueJointCoupon message)
    {
        var terms = desk.Agreement.Agreed;
        if (desk.Coupon.Status == JointCouponStatus.Voided) return SuppressionReason.Returned;
        if (!desk.Agreement.Issues) return SuppressionReason.NotActive;
        if (message.Currency != terms.Currency || message.AmountMinorUnits < terms.MinimumBasketMinorUnits)
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

        return person.Holder.MayShare ? null : SuppressionReason.ConsentMissing;
    }

    private static Decision VoidOpen(Desk desk, LinkedPerson person)
    {
        var couponId = CouponCode.CouponId(desk.Code);
        var decision = Decision.Silent()
            .Change(desk.CouponGrain, Voided(desk))
            .Change(desk.UseGrain, new JointUseClosed(couponId) { At = desk.Now })
            .Change(desk.AccountGrain, new VoidCounted(
                desk.Leg.LegId, couponId, desk.Coupon.EndsOn, desk.Coupon.DiscountMinorUnits)
            {
                At = desk.Now, On = desk.Today,
            })
            .Send(JointNews.Gone(desk.Agreement, desk.Leg, desk.Code, desk.Coupon, JointCouponEnd.Voided, desk.Now));
        return person.TellGone(
            decision, desk.Agreement, desk.Leg, desk.Code, desk.Coupon, JointCouponEnd.Voided, desk.Now);
    }

    private static Decision TriggerReturned(Desk desk)
    {
        var terms = desk.Agreement.Agreed;
        var isInTime = terms.ClawBackDays == 0
            || Period.DaysBetween(desk.Coupon.RedeemedOn, desk.Today) <= terms.ClawBackDays;
        var clawsBack = terms.MirrorsReturns && isInTime;
        var decision = Decision.Silent()
            .Change(desk.CouponGrain, new JointTriggerReturned(clawsBack) { At = desk.Now });
        return clawsBack
            ? decision.Change(desk.AccountGrain, new ClawBackCleared
            {
                At = desk.Now,
                On = desk.Today,
                Number = desk.Account.Lines + 1,
                LegId = desk.Leg.LegId,
                CouponId = CouponCode.CouponId(desk.Code),
                Redemption = desk.Coupon.RedemptionId,
                TermsVersion = desk.Coupon.TermsVersion,
                EntityId = desk.Coupon.EntityId,
                Postings = JointNews.Credit(desk.Leg, -desk.Coupon.CreditMinorUnits),
            })
            : decision;
    }

    private static JointCouponVoided Voided(Desk desk) => new("", "TRIGGER_RETURNED", "") { At = desk.Now };

    private static Desk? Opened(
        ITurn turn,
        PartitionId from,
        PartitionId to,
        string legId,
        string pseudonym,
        string purchase,
        Instant at)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(to.OwnerId));
        if (agreement.FindLeg(legId) is not { } leg || PartitionId.Tenant(leg.Issuing.TenantId) != from) return null;

        var code = agreement.CodeOf(legId, purchase);
        var (couponGrain, useGrain, accountGrain) = (
            AgreementGrains.CouponId(agreement.AgreementId, code),
            AgreementGrains.UseId(agreement.AgreementId, legId, pseudonym),
            AgreementGrains.AccountId(agreement.AgreementId));
        var account = turn.State<AccountState>(accountGrain);
        var now = Instant.Max(at, Instant.Max(agreement.LastAt, account.LastAt));
        return new Desk(
            agreement,
            leg,
            code,
            couponGrain,
            turn.State<JointCouponState>(couponGrain),
            useGrain,
            turn.State<JointUseState>(useGrain),
            accountGrain,
            account,
            now,
            now.InZone(agreement.Zone).Date);
    }

    /// <summary>All that one issue or return looks at.</summary>
    private sealed record Desk(
        AgreementState Agreement,
        Leg Leg,
        string Code,
        GrainId CouponGrain,
        JointCouponState Coupon,
        GrainId UseGrain,
        JointUseState Use,
        GrainId AccountGrain,
        AccountState Account,
        Instant Now,
        LocalDate Today);
}
