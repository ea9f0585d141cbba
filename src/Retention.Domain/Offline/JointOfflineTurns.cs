using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offline;

/// <summary>Joint coupons at tills without the network. The agreement's terms say how far, and who bears a conflict.</summary>
public static class JointOfflineTurns
{
    private static readonly RefusalReason[] UnseenByTill =
    [
        RefusalReason.AlreadyRedeemed, RefusalReason.Voided, RefusalReason.ConsentMissing, RefusalReason.NotTargeted,
    ];

    /// <summary>The text of the coupon, which either brand may sign with its own tenant's key.</summary>
    public static Decision ToSign(ITurn turn, Asker asker, string agreementId, string code, SigningKey? key)
    {
        var desk = JointCouponTurns.Opened(turn, asker, agreementId, code);
        if (!turn.IsComplete) return Decision.Silent();
        if (desk.Leg is null || AgreementTurns.SidesOf(desk.Agreement, asker).Count == 0)
        {
            return Because(RefusalReason.CouponNotFound);
        }

        if (key is null) return Because(RefusalReason.SigningKeyNotFound);
        if (desk.Terms.Offline is not { } terms) return NotAgreed();
        return Decision.With(new CouponToSign(
            new SignedCoupon(
                key.KeyId,
                asker.TenantId,
                desk.Code,
                "",
                agreementId,
                "",
                null,
                desk.Coupon.ExpiresAt,
                desk.Terms.Currency,
                new Discount(terms.Bounded(desk.Coupon.DiscountMinorUnits), 0, 0),
                0),
            key));
    }

    /// <summary>The tenants whose signatures count for the agreement's coupons.</summary>
    public static Decision Signers(ITurn turn, Asker asker, string agreementId)
    {
        var state = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        if (!turn.IsComplete) return Decision.Silent();
        return AgreementTurns.SidesOf(state, asker).Count == 0
            ? AgreementTurns.Unknown(agreementId)
            : Decision.With(new OfflineSigners(state.First.TenantId, state.Second.TenantId));
    }

    /// <summary>
    /// Redeems what a till of the redeeming brand gave. A conflict that the till could not see is paid by the issuing brand,
    /// in the same commit, where the terms say so.
    /// </summary>
    public static Decision Capture(ITurn turn, Asker asker, string agreementId, CaptureOffline command)
    {
        var partition = PartitionId.Agreement(agreementId);
        var desk = JointCouponTurns.Opened(turn, asker, agreementId, command.Till.Code);
        var head = turn.State<OfflineBookState>(OfflineGrains.Head(partition));
        if (!turn.IsComplete) return Decision.Silent();
        if (command.Fault is { } fault) return fault;
        if (JointCouponTurns.Fault(desk, asker, command.Till) is { } unknown) return unknown;
        if (command.Signed is not { } signed || !IsOf(signed, desk)) return OfflineCaptures.Tampered();
        if (desk.Terms.Offline is not { } terms) return NotAgreed();
        if (desk.IsClosed) return AgreementClosing.Refusal(desk.Agreement, desk.Pen.State);
        if (OfflineCaptures.TimeFault(command, desk.Now) is { } future) return future;

        var discount = signed.Discount.On(command.Till.Basket?.TotalMinorUnits);
        var failing = JointCouponTurns.Failing(desk, asker, agreementId, command.Till, command.TillAt);
        OfflineCaptures.Late(command, terms, desk.Now, ref failing);
        return failing.Any
            ? Conflicted(desk, asker, command, terms, failing, discount, head)
            : OfflineCaptures.Accepted(
                JointCouponTurns.Redeemed(desk, asker, agreementId, command.Till, discount), command, partition);
    }

    public static Decision Report(ITurn turn, Asker asker, string agreementId, int from, int limit)
    {
        var state = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        if (!turn.IsComplete) return Decision.Silent();
        return AgreementTurns.SidesOf(state, asker).Count == 0
            ? AgreementTurns.Unknown(agreementId)
            : OfflineCaptures.Report(turn, PartitionId.Agreement(agreementId), state.Agreed.Currency, from, limit);
    }

    private static Decision Conflicted(
        JointDesk desk,
        Asker asker,
        CaptureOffline command,
        JointOfflineTerms terms,
        Refusals failing,
        long loss,
        OfflineBookState head)
    {
        var isIssuers = terms.IssuerBearsLoss && failing.All.All(refusal => UnseenByTill.Contains(refusal.Reason));
        var decision = OfflineCaptures.Conflicted(
            OfflineCaptures.Conflict(
                command,
                desk.CouponId,
                desk.FoundLeg.LegId,
                failing,
                loss,
                isIssuers ? LossParty.Issuing : LossParty.Redeeming,
                desk.Now),
            head,
            PartitionId.Agreement(desk.Agreement.AgreementId),
            desk.Terms.Currency);
        if (isIssuers && loss > 0) JointEntries.OfflineLoss(desk, loss, asker.EntityId);
        return desk.Pen.Into(decision);
    }

    private static bool IsOf(SignedCoupon signed, JointDesk desk) =>
        signed.AgreementId == desk.Agreement.AgreementId
        && (signed.TenantId == desk.Agreement.First.TenantId || signed.TenantId == desk.Agreement.Second.TenantId);

    private static Refusal NotAgreed() => OfferRules.Invalid("code", "offline_use_agreed_in_the_terms");
}

public sealed record OfflineSigners(string FirstTenantId, string SecondTenantId);
