using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Kernel;

namespace Retention.Domain.Links;

/// <summary>Whom a coupon of a leg belongs to, on both sides, as the agreement knows.</summary>
/// <param name="Holder">On the issuing side.</param>
/// <param name="Guest">The same person on the redeeming side; initial when he is not linked.</param>
internal readonly record struct LinkedPerson(PersonState Holder, PersonState Guest)
{
    public static readonly LinkedPerson Nobody = new(PersonState.Initial, PersonState.Initial);

    public static LinkedPerson Of(ITurn turn, AgreementState agreement, Leg leg, string pseudonym)
    {
        var holder = turn.State<PersonState>(LinkGrains.PersonId(agreement.AgreementId, leg.Issuer, pseudonym));
        return new LinkedPerson(holder, holder.IsLinked
            ? turn.State<PersonState>(LinkGrains.PersonId(agreement.AgreementId, leg.Redeemer, holder.Other))
            : PersonState.Initial);
    }

    /// <summary>Both sides' consent stands; for a coupon of nobody known that is nobody's to withdraw.</summary>
    public bool MayShare => Holder.MayShare && Guest.MayShare;

    /// <summary>A linked person's coupon is his: a till that names another customer may not use it.</summary>
    public bool IsFor(Leg leg, Asker asker)
    {
        if (!Holder.IsLinked || asker.Customer.IsDefaultOrEmpty) return true;
        foreach (var own in asker.Customer)
        {
            if (own.Side == leg.Redeemer) return own.Pseudonym == Holder.Other;
        }

        return true;
    }

    /// <summary>The redeeming brand's copy of what the issuing one is told, where the person is linked.</summary>
    public Decision TellReceived(
        Decision decision, AgreementState agreement, Leg leg, string code, JointCouponState coupon, NodaTime.Instant at) =>
        Guest.IsLinked && MayShare
            ? decision.Send(JointNews.Received(
                agreement, leg, code, coupon with { Customer = Guest.Customer }, at, leg.Redeeming.TenantId))
            : decision;

    public Decision TellGone(
        Decision decision,
        AgreementState agreement,
        Leg leg,
        string code,
        JointCouponState coupon,
        JointCouponEnd end,
        NodaTime.Instant at) => Guest.IsLinked
        ? decision.Send(JointNews.Gone(
            agreement, leg, code, coupon with { Customer = Guest.Customer }, end, at, leg.Redeeming.TenantId))
        : decision;
}
