using System.Text.Json.Serialization.Metadata;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Links;

/// <summary>
/// Links in the agreement's partition. Offers, withdrawals and endings arrive as effects of the customer's own tenant;
/// the link itself is made by the other side's call.
/// </summary>
public static class LinkTurns
{
    /// <summary>A token was taken, with consent.</summary>
    public static Decision ReceiveOffer(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = Read(payload, LinkJson.Default.OfferLink);
        var (agreement, refusal) = Opened(turn, from, to, message.Side);
        var personGrain = LinkGrains.PersonId(to.OwnerId, message.Side, message.Pseudonym);
        var person = turn.State<PersonState>(personGrain);
        if (!turn.IsComplete) return Decision.Silent();
        if (refusal is not null) return refusal;

        var at = Instant.Max(message.At, agreement.LastAt);
        var decision = Decision.Silent().Change(
            LinkGrains.TokenId(to.OwnerId, message.TokenHash),
            new TokenOffered(message.Side, message.Pseudonym, message.ExpiresAt) { At = at });
        return person is { Standing: Standing.Granted } && person.Customer == message.Customer
            ? decision
            : decision.Change(personGrain, new PersonOffered(message.Customer) { At = at });
    }

    /// <summary>Consent was withdrawn, given again, or the person is gone. Without consent there is no link.</summary>
    public static Decision ReceiveStanding(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = Read(payload, LinkJson.Default.ChangeStanding);
        var (agreement, refusal) = Opened(turn, from, to, message.Side);
        var grain = LinkGrains.PersonId(to.OwnerId, message.Side, message.Pseudonym);
        var person = turn.State<PersonState>(grain);
        var other = OtherOf(turn, to.OwnerId, message.Side, person);
        if (!turn.IsComplete) return Decision.Silent();
        if (refusal is not null) return refusal;
        if (person.Standing == message.Standing || person.Standing == Standing.Erased) return Decision.Silent();

        var at = Instant.Max(message.At, agreement.LastAt);
        var decision = Decision.Silent().Change(grain, new PersonStandingChanged(message.Standing) { At = at });
        return message.Standing switch
        {
            Standing.Withdrawn when person.IsLinked =>
                Unlink(decision, agreement, message.Side, (grain, person, other), UnlinkReason.Withdrawn, at),
            Standing.Erased when person.IsLinked =>
                Unlink(decision, agreement, message.Side, (grain, person, other), UnlinkReason.Erased, at),
            _ => decision,
        };
    }

    public static Decision ReceiveEnd(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = Read(payload, LinkJson.Default.EndLink);
        var (agreement, refusal) = Opened(turn, from, to, message.Side);
        var grain = LinkGrains.PersonId(to.OwnerId, message.Side, message.Pseudonym);
        var person = turn.State<PersonState>(grain);
        var other = OtherOf(turn, to.OwnerId, message.Side, person);
        if (!turn.IsComplete) return Decision.Silent();
        if (refusal is not null) return refusal;
        if (person.LinkId != message.LinkId) return Decision.Silent();

        return Unlink(
            Decision.Silent(),
            agreement,
            message.Side,
            (grain, person, other),
            UnlinkReason.Asked,
            Instant.Max(message.At, agreement.LastAt));
    }

    /// <summary>
    /// Refuses, in this order: LINK_TOKEN_INVALID (unknown, used, outdated, of the same side, or withdrawn: one answer),
    /// CUSTOMER_NOT_FOUND, CONSENT_MISSING, CARD_BLOCKED, CUSTOMER_LINKED.
    /// </summary>
    public static Decision Link(ITurn turn, LinkVisitor visitor, string agreementId, string token)
    {
        var hash = LinkToken.Hash(token);
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(agreementId));
        var tokenGrain = LinkGrains.TokenId(agreementId, hash);
        var taken = turn.State<TokenState>(tokenGrain);
        if (!turn.IsComplete) return Decision.Silent();

        var now = Instant.Max(visitor.Now, agreement.LastAt);
        var side = taken.Side == Side.First ? Side.Second : Side.First;
        var isGood = agreement.Exists && taken.Pseudonym.Length > 0 && !taken.IsUsed && taken.ExpiresAt > now;
        if (!isGood || visitor.Sides.FirstOrDefault(own => own.Side == side) is not { } guest)
        {
            return Because(RefusalReason.LinkTokenInvalid);
        }

        var offerer = Person(turn, agreementId, taken.Side, taken.Pseudonym);
        var visiting = Person(turn, agreementId, side, guest.Pseudonym);
        if (!turn.IsComplete) return Decision.Silent();
        if (offerer.State.Standing != Standing.Granted) return Because(RefusalReason.LinkTokenInvalid);
        if (guest.Fault is { } fault) return fault;
        if (offerer.State.IsLinked || visiting.State.IsLinked) return Because(RefusalReason.CustomerLinked);

        var linkId = LinkToken.LinkId(hash);
        var linked = (
            Offerer: new PersonLinked(linkId, guest.Pseudonym, offerer.State.Customer) { At = now },
            Guest: new PersonLinked(linkId, taken.Pseudonym, guest.Customer) { At = now });
        var decision = Decision.With(new LinkReceipt(agreementId, linkId, now))
            .Change(tokenGrain, new TokenUsed { At = now })
            .Change(offerer.Grain, linked.Offerer)
            .Change(visiting.Grain, linked.Guest);
        Tell(decision, agreement, taken.Side, linked.Offerer);
        Tell(decision, agreement, side, linked.Guest);
        TellOpenCoupons(turn, decision, agreement, (taken.Side, taken.Pseudonym, offerer.State.Evolve(linked.Offerer)), now);
        TellOpenCoupons(turn, decision, agreement, (side, guest.Pseudonym, visiting.State.Evolve(linked.Guest)), now);
        return decision;
    }

    // What the person holds already is shown to the brand that redeems it from now on.
    private static void TellOpenCoupons(
        ITurn turn,
        Decision decision,
        AgreementState agreement,
        (Side Side, string Pseudonym, PersonState State) holder,
        Instant now)
    {
        foreach (var leg in agreement.Legs().Where(leg => leg.Issuer == holder.Side))
        {
            var use = turn.State<JointUseState>(AgreementGrains.UseId(agreement.AgreementId, leg.LegId, holder.Pseudonym));
            foreach (var open in use.Open)
            {
                if (open.Code is not { } code || open.ExpiresAt <= now) continue;
                var coupon = turn.State<JointCouponState>(AgreementGrains.CouponId(agreement.AgreementId, code));
                new LinkedPerson(holder.State, GuestOf(decision, agreement, leg, holder.State))
                    .TellReceived(decision, agreement, leg, code, coupon, now);
            }
        }
    }

    private static PersonState GuestOf(Decision decision, AgreementState agreement, Leg leg, PersonState holder)
    {
        var grain = LinkGrains.PersonId(agreement.AgreementId, leg.Redeemer, holder.Other);
        return PersonState.Initial.Evolve(decision.Changes.Where(change => change.Grain == grain)
            .Select(change => change.Fact).OfType<PersonLinked>().Single());
    }

    private static Decision Unlink(
        Decision decision,
        AgreementState agreement,
        Side side,
        (GrainId Grain, PersonState Person, PersonState Other) pair,
        UnlinkReason reason,
        Instant at)
    {
        var otherSide = side == Side.First ? Side.Second : Side.First;
        var otherGrain = LinkGrains.PersonId(agreement.AgreementId, otherSide, pair.Person.Other);
        var unlinked = new PersonUnlinked(pair.Person.LinkId, reason) { At = at };
        decision.Change(pair.Grain, unlinked).Change(otherGrain, unlinked);
        foreach (var (to, person) in new[] { (side, pair.Person), (otherSide, pair.Other) })
        {
            decision.Send(Message(
                agreement.PartyOf(to).TenantId,
                LinkMessages.Ended,
                new LinkEnded(agreement.AgreementId, person.Customer, pair.Person.LinkId, at),
                LinkJson.Default.LinkEnded));
        }

        return decision;
    }

    private static void Tell(Decision decision, AgreementState agreement, Side side, PersonLinked linked) =>
        decision.Send(Message(
            agreement.PartyOf(side).TenantId,
            LinkMessages.Made,
            new LinkMade(agreement.AgreementId, side, linked.Customer, linked.LinkId, linked.At),
            LinkJson.Default.LinkMade));

    private static (GrainId Grain, PersonState State) Person(ITurn turn, string agreementId, Side side, string pseudonym)
    {
        var grain = LinkGrains.PersonId(agreementId, side, pseudonym);
        return (grain, turn.State<PersonState>(grain));
    }

    private static PersonState OtherOf(ITurn turn, string agreementId, Side side, PersonState person) => person.IsLinked
        ? Person(turn, agreementId, side == Side.First ? Side.Second : Side.First, person.Other).State
        : PersonState.Initial;

    // Only a side's own tenant speaks of its customers.
    private static (AgreementState Agreement, Refusal? Refusal) Opened(
        ITurn turn, PartitionId from, PartitionId to, Side side)
    {
        var agreement = turn.State<AgreementState>(AgreementGrains.AgreementId(to.OwnerId));
        var isOwn = agreement.Exists && PartitionId.Tenant(agreement.PartyOf(side).TenantId) == from;
        return (agreement, isOwn ? null : Because(RefusalReason.NotAParty));
    }

    private static Effect Message<T>(string tenantId, string name, T message, JsonTypeInfo<T> json) =>
        JointMessages.ToTenant(tenantId, name, message, json);

    private static T Read<T>(ReadOnlyMemory<byte> payload, JsonTypeInfo<T> json)
        where T : class => JointMessages.Read(payload, json);
}

/// <summary>Who asks for a link, as his own tenant tells: the customer under each of the tenant's sides.</summary>
public sealed record LinkVisitor(Instant Now, IReadOnlyList<VisitingSide> Sides);

/// <param name="Fault">Why the customer may not be linked on this side; null: he may.</param>
public sealed record VisitingSide(Side Side, string Pseudonym, string Customer, Refusal? Fault);

public sealed record LinkReceipt(string AgreementId, string LinkId, Instant LinkedAt);
