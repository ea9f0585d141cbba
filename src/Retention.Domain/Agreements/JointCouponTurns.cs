using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Links;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>
/// Coupons of an agreement at the redeeming brand: coupon, caps and clearing account change in one commit.
/// The coupon's bearer redeems it; the redeeming tenant's customer is told by a pseudonym, and a linked person's coupon
/// is no other customer's.
/// </summary>
public static class JointCouponTurns
{
    public static Decision Validate(ITurn turn, Asker asker, string agreementId, RedeemCoupon command)
    {
        var desk = Opened(turn, asker, agreementId, command.Code);
        if (!turn.IsComplete) return Decision.Silent();
        if (Fault(desk, asker, command) is { Reason: not RefusalReason.CouponNotInCampaign } fault) return fault;

        var failing = Failing(desk, asker, agreementId, command);
        return Decision.With(new CouponValidation(
            failing.All, Discount(desk, command), desk.Agreement.Agreed.Currency, "", agreementId));
    }

    public static Decision Redeem(ITurn turn, Asker asker, string agreementId, RedeemCoupon command)
    {
        var desk = Opened(turn, asker, agreementId, command.Code);
        if (!turn.IsComplete) return Decision.Silent();
        if (Fault(desk, asker, command) is { } fault) return fault;

        var failing = Failing(desk, asker, agreementId, command);
        if (failing.Any) return failing.First();

        var terms = desk.Agreement.Agreed;
        var (leg, discount) = (desk.FoundLeg, Discount(desk, command));
        var credit = terms.IssuerShare(discount);
        var couponId = CouponCode.CouponId(desk.Code);
        var decision = Decision
            .With(new CouponRedemption(
                command.RedemptionId, couponId, leg.LegId, "", agreementId, discount, terms.Currency, desk.Now))
            .Change(desk.CouponGrain, new JointCouponRedeemed(
                command.RedemptionId, discount, credit, desk.Today)
            { At = desk.Now, EntityId = asker.EntityId })
            .Change(desk.UseGrain, new JointUseClosed(couponId) { At = desk.Now })
            .Change(desk.AccountGrain, new RedemptionCleared(desk.Coupon.EndsOn, discount, desk.Coupon.DiscountMinorUnits)
            {
                At = desk.Now,
                On = desk.Today,
                Number = desk.Account.Lines + 1,
                LegId = leg.LegId,
                CouponId = couponId,
                Redemption = command.RedemptionId,
                TermsVersion = desk.Coupon.TermsVersion,
                EntityId = asker.EntityId,
                Postings = JointNews.Credit(leg, credit),
            })
            .Send(JointNews.Gone(
                desk.Agreement, leg, desk.Code, desk.Coupon, JointCouponEnd.Redeemed, desk.Now));
        return desk.Person.TellGone(
            decision, desk.Agreement, leg, desk.Code, desk.Coupon, JointCouponEnd.Redeemed, desk.Now);
    }

    /// <summary>
    /// Mirrors the entries of the redemption, unless a claw-back did already. The coupon reopens, unless the terms
    /// say otherwise or the purchase that gave it was returned meanwhile.
    /// </summary>
    public static Decision Reverse(ITurn turn, Asker asker, string agreementId, ReverseCouponRedemption command)
    {
        var unknown = Because(RefusalReason.RedemptionNotFound, ("redemption_id", command.RedemptionId));
        if (RedemptionId.Key(command.RedemptionId) is not { } key) return unknown;

        var found = FindRedeemed(turn.Recorded(key), agreementId);
        if (found is not { } redeemed) return turn.IsComplete ? unknown : Decision.Silent();

        var desk = Opened(turn, asker, agreementId, redeemed.Grain.Key);
        if (!turn.IsComplete) return Decision.Silent();
        if (!IsRedeemers(desk, asker)) return unknown;
        if (desk.Coupon.RedemptionId != command.RedemptionId) return Because(RefusalReason.RedemptionAlreadyReversed);

        var reopens = !desk.Agreement.Agreed.ReversedStaysUsed && !desk.Coupon.IsTriggerReturned;
        var decision = Reversed(desk, redeemed.Fact, command, reopens);
        return reopens && desk.Coupon.ExpiresAt > desk.Now ? Reopened(desk, decision) : decision;
    }

    /// <summary>Either party sees the coupon; nobody else does.</summary>
    public static Decision Get(ITurn turn, Asker asker, string agreementId, string code)
    {
        var desk = Opened(turn, asker, agreementId, code);
        if (!turn.IsComplete) return Decision.Silent();
        if (desk.Leg is not { } leg || AgreementTurns.SidesOf(desk.Agreement, asker).Count == 0)
        {
            return Because(RefusalReason.CouponNotFound);
        }

        return Decision.With(new CouponView(
            CouponCode.CouponId(desk.Code),
            desk.Code,
            "",
            "",
            agreementId,
            leg.Redeeming.BrandId,
            desk.Coupon.Status switch
            {
                JointCouponStatus.Redeemed => CouponStatus.Redeemed,
                JointCouponStatus.Voided => CouponStatus.Voided,
                _ => desk.Coupon.ExpiresAt <= desk.Now ? CouponStatus.Expired : CouponStatus.Open,
            },
            desk.Coupon.DiscountMinorUnits,
            desk.Agreement.Agreed.Currency,
            desk.Coupon.ExpiresAt));
    }

    private static Decision Reversed(
        Desk desk, JointCouponRedeemed redeemed, ReverseCouponRedemption command, bool reopens)
    {
        var terms = desk.Agreement.Agreed;
        JointCouponFact fact = reopens
            ? new JointCouponReopened(command.RedemptionId, command.Reason, command.ReturnId) { At = desk.Now }
            : new JointCouponVoided(command.RedemptionId, command.Reason, command.ReturnId) { At = desk.Now };
        return Decision
            .With(new CouponReversal(
                command.RedemptionId, redeemed.DiscountMinorUnits, terms.Currency, reopens, desk.Now))
            .Change(desk.CouponGrain, fact)
            .Change(desk.AccountGrain, new ReversalCleared(desk.Coupon.EndsOn, desk.Coupon.DiscountMinorUnits, reopens)
            {
                At = desk.Now,
                On = desk.Today,
                Number = desk.Coupon.IsClawedBack ? 0 : desk.Account.Lines + 1,
                LegId = desk.FoundLeg.LegId,
                CouponId = CouponCode.CouponId(desk.Code),
                Redemption = command.RedemptionId,
                TermsVersion = desk.Coupon.TermsVersion,
                EntityId = desk.Coupon.EntityId,
                Postings = desk.Coupon.IsClawedBack
                    ? []
                    : JointNews.Credit(desk.FoundLeg, -desk.Coupon.CreditMinorUnits),
            });
    }

    private static Decision Reopened(Desk desk, Decision decision)
    {
        decision
            .Change(
                desk.UseGrain,
                new JointUseReopened(CouponCode.CouponId(desk.Code), desk.Coupon.ExpiresAt, desk.Code) { At = desk.Now })
            .Send(JointNews.Received(desk.Agreement, desk.FoundLeg, desk.Code, desk.Coupon, desk.Now));
        return desk.Person.TellReceived(decision, desk.Agreement, desk.FoundLeg, desk.Code, desk.Coupon, desk.Now);
    }

    private static Refusal? Fault(Desk desk, Asker asker, RedeemCoupon command)
    {
        if (command.Basket is { } basket && basket.Currency != asker.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", asker.Currency));
        }

        // Unknown, another tenant's, and for the other side's shops: one answer.
        return IsRedeemers(desk, asker) ? null : Because(RefusalReason.CouponNotFound);
    }

    private static Refusals Failing(Desk desk, Asker asker, string agreementId, RedeemCoupon command)
    {
        var failing = default(Refusals);
        if (command.CampaignId.Length > 0 && command.CampaignId != agreementId)
        {
            failing.Add(RefusalReason.CouponNotInCampaign, ("campaign_id", command.CampaignId));
        }

        if (!desk.Person.IsFor(desk.FoundLeg, asker)) failing.Add(RefusalReason.NotTargeted);
        if (desk.Now >= desk.Coupon.ExpiresAt)
        {
            failing.Add(RefusalReason.AfterEnd, ("end_time", desk.Coupon.ExpiresAt), ("time", desk.Now));
        }

        if (desk.Coupon.Status == JointCouponStatus.Redeemed) failing.Add(RefusalReason.AlreadyRedeemed);
        if (desk.Coupon.Status == JointCouponStatus.Voided) failing.Add(RefusalReason.Voided);
        if (!desk.Person.MayShare) failing.Add(RefusalReason.ConsentMissing);
        return failing;
    }

    private static long Discount(Desk desk, RedeemCoupon command) => command.Basket is { } basket
        ? Math.Min(desk.Coupon.DiscountMinorUnits, basket.TotalMinorUnits)
        : desk.Coupon.DiscountMinorUnits;

    private static bool IsRedeemers(Desk desk, Asker asker) =>
        desk.Leg is { } leg
        && leg.Redeeming.TenantId == asker.TenantId
        && (asker.BrandId.Length == 0 || asker.BrandId == leg.Redeeming.BrandId);

    private static (GrainId Grain, JointCouponRedeemed Fact)? FindRedeemed(
        IReadOnlyList<Change>? facts, string agreementId)
    {
        foreach (var (grain, fact) in facts ?? [])
        {
            if (fact is JointCouponRedeemed redeemed && grain.Partition == PartitionId.Agreement(agreementId))
            {
                return (grain, redeemed);
            }
        }

        return null;
    }

    private static Desk Opened(ITurn turn, Asker asker, string agreementId, string typed)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        var code = CouponCode.Joint(typed) ?? "";
        var couponGrain = AgreementGrains.CouponId(agreementId, code);
        var coupon = turn.State<JointCouponState>(couponGrain);
        var accountGrain = AgreementGrains.AccountId(agreementId);
        var account = turn.State<AccountState>(accountGrain);
        var useGrain = AgreementGrains.UseId(agreementId, coupon.LegId, coupon.Pseudonym);
        if (coupon.IsIssued) turn.State<JointUseState>(useGrain);

        var now = Instant.Max(asker.Now, Instant.Max(agreement.LastAt, account.LastAt));
        var today = agreement.Exists ? now.InZone(agreement.Zone).Date : default;
        return new Desk(
            agreement,
            agreement.FindLeg(coupon.LegId),
            code,
            couponGrain,
            coupon,
            useGrain,
            accountGrain,
            account,
            now,
            today)
        {
            Person = coupon.IsIssued && agreement.FindLeg(coupon.LegId) is { } leg
                ? LinkedPerson.Of(turn, agreement, leg, coupon.Pseudonym)
                : LinkedPerson.Nobody,
        };
    }

    /// <summary>All that one redemption looks at.</summary>
    /// <param name="Leg">Null when the coupon was never issued.</param>
    private sealed record Desk(
        AgreementState Agreement,
        Leg? Leg,
        string Code,
        GrainId CouponGrain,
        JointCouponState Coupon,
        GrainId UseGrain,
        GrainId AccountGrain,
        AccountState Account,
        Instant Now,
        LocalDate Today)
    {
        public LinkedPerson Person { get; init; }

        public Leg FoundLeg => Leg ?? throw new InvalidOperationException("The coupon was never issued.");
    }
}
