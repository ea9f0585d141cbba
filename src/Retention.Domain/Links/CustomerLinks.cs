using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Links;

/// <param name="Token">Random; only its hash is stored.</param>
public sealed record CreateLinkToken(
    string CustomerId, string AgreementId, string Token, Duration Life, Origin Origin);

public sealed record UnlinkCustomer(string CustomerId, string AgreementId, Origin Origin);

public sealed record LinkTokenReceipt(string AgreementId, Instant ExpiresAt);

/// <summary>Links in the customer's own tenant: what he takes, brings, ends, and what agreements must hear of him.</summary>
public static class CustomerLinks
{
    /// <summary>Agreements that know one customer.</summary>
    public const int LinksMax = 64;

    public static readonly Duration LifeDefault = Duration.FromHours(24);
    public static readonly Duration LifeMin = Duration.FromMinutes(1);
    public static readonly Duration LifeMax = Duration.FromDays(30);

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, AGREEMENT_NOT_FOUND, CUSTOMER_NOT_FOUND,
    /// CONSENT_MISSING, CARD_BLOCKED (all his cards), CUSTOMER_LINKED, LIMIT_TOO_MANY.
    /// </summary>
    public static Decision CreateToken(ITurn turn, string tenantId, CreateLinkToken command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;
        if (OwnSides(scope.Tenant, command.AgreementId, command.Origin.BrandId).FirstOrDefault() is not { } own)
        {
            return AgreementTurns.Unknown(command.AgreementId);
        }

        if (Fault(state, own.BrandId) is { } fault) return fault;

        var known = state.Links.FirstOrDefault(link => link.IsOf(command.AgreementId, own.Side));
        if (known is { IsLinked: true }) return Because(RefusalReason.CustomerLinked);
        if (known is null && state.Links.Length >= LinksMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "links"), ("maximum", LinksMax));
        }

        var now = state.Now(scope.Now);
        var expiresAt = now + command.Life;
        var offer = new OfferLink(
            own.Side,
            LinkToken.Hash(command.Token),
            CustomerReference.Pseudonym(own.PseudonymKey, command.CustomerId),
            CustomerReference.Seal(scope.Tenant, tenantId, command.AgreementId, command.CustomerId),
            expiresAt,
            now);
        return Decision.With(new LinkTokenReceipt(command.AgreementId, expiresAt))
            .Change(
                CustomerGrains.Id(scope.Partition, command.CustomerId),
                new LinkOffered(command.AgreementId, own.Side, own.BrandId, expiresAt) { At = now, Origin = command.Origin })
            .Send(JointMessages.ToAgreement(
                command.AgreementId, LinkMessages.Offer, offer, LinkJson.Default.OfferLink));
    }

    /// <summary>The customer as the agreement will know him. Refuses TENANT_NOT_FOUND, LINK_TOKEN_INVALID.</summary>
    public static Decision Visit(
        ITurn turn, string tenantId, string customerId, string agreementId, string brandId)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(customerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (!scope.Tenant.Exists) return Because(RefusalReason.TenantNotFound);

        var sides = OwnSides(scope.Tenant, agreementId, brandId)
            .Select(own => new VisitingSide(
                own.Side,
                CustomerReference.Pseudonym(own.PseudonymKey, customerId),
                CustomerReference.Seal(scope.Tenant, tenantId, agreementId, customerId),
                Fault(state, own.BrandId)))
            .ToList();
        return sides.Count == 0
            ? Because(RefusalReason.LinkTokenInvalid)
            : Decision.With(new LinkVisitor(state.Now(scope.Now), sides));
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, AGREEMENT_NOT_FOUND, CUSTOMER_NOT_FOUND,
    /// CUSTOMER_NOT_LINKED.
    /// </summary>
    public static Decision Unlink(ITurn turn, string tenantId, UnlinkCustomer command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (scope.CheckPlace(command.Origin) is { } misplaced) return misplaced;

        var own = OwnSides(scope.Tenant, command.AgreementId, command.Origin.BrandId).ToList();
        if (own.Count == 0) return AgreementTurns.Unknown(command.AgreementId);
        if (!state.IsActive) return Because(RefusalReason.CustomerNotFound);

        var link = state.Links.FirstOrDefault(link =>
            link.IsLinked && own.Any(side => link.IsOf(command.AgreementId, side.Side)));
        if (link is null) return Because(RefusalReason.CustomerNotLinked, ("agreement_id", command.AgreementId));

        var now = state.Now(scope.Now);
        var end = new EndLink(
            link.Side,
            CustomerReference.Pseudonym(own.First(side => side.Side == link.Side).PseudonymKey, command.CustomerId),
            link.LinkId,
            now);
        var fact = new CustomerUnlinked(command.AgreementId, link.LinkId) { At = now, Origin = command.Origin };
        return Decision.With(new CustomerView(
                command.CustomerId, CustomerEvolution.Evolve(state, fact), PointsBalance.Of(state, now), now))
            .Change(CustomerGrains.Id(scope.Partition, command.CustomerId), fact)
            .Send(JointMessages.ToAgreement(command.AgreementId, LinkMessages.End, end, LinkJson.Default.EndLink));
    }

    /// <summary>The agreement made the link. Consent that was withdrawn meanwhile is withdrawn there, too.</summary>
    public static Decision ReceiveMade(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, LinkJson.Default.LinkMade);
        var (scope, customerId, refusal) = Opened(turn, from, to, message.AgreementId, message.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if (refusal is not null) return refusal;

        var state = scope.Customer(customerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (OwnSides(scope.Tenant, message.AgreementId, "").FirstOrDefault(own => own.Side == message.Side) is not { } own)
        {
            return Because(RefusalReason.NotAParty);
        }

        var now = state.Now(scope.Now);
        var fact = new CustomerLinked(message.AgreementId, message.Side, own.BrandId, message.LinkId) { At = now };
        var decision = Decision.Silent().Change(CustomerGrains.Id(scope.Partition, customerId), fact);
        var standing = StandingOf(state, own.BrandId);
        if (standing != Standing.Granted)
        {
            Send(decision, scope, customerId, new CustomerLink(message.AgreementId, message.Side, own.BrandId), standing, now);
        }

        return decision;
    }

    public static Decision ReceiveEnded(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, LinkJson.Default.LinkEnded);
        var (scope, customerId, refusal) = Opened(turn, from, to, message.AgreementId, message.Customer);
        if (!turn.IsComplete) return Decision.Silent();
        if (refusal is not null) return refusal;

        var state = scope.Customer(customerId);
        if (!turn.IsComplete) return Decision.Silent();
        return state.Links.Any(link => link.AgreementId == message.AgreementId && link.LinkId == message.LinkId)
            ? Decision.Silent().Change(
                CustomerGrains.Id(scope.Partition, customerId),
                new CustomerUnlinked(message.AgreementId, message.LinkId) { At = state.Now(scope.Now) })
            : Decision.Silent();
    }

    /// <summary>Tells every agreement that knows the customer what changed for it.</summary>
    public static void TellStanding(
        Decision decision, TenantScope scope, string customerId, CustomerState before, CustomerState after, Instant now)
    {
        foreach (var link in before.Links)
        {
            var standing = StandingOf(after, link.BrandId);
            if (standing != StandingOf(before, link.BrandId)) Send(decision, scope, customerId, link, standing, now);
        }
    }

    /// <summary>The tenant's sides of an agreement, those of one brand where the caller is bound to it.</summary>
    public static IEnumerable<OwnSide> OwnSides(TenantState tenant, string agreementId, string brandId) =>
        tenant.Agreements.TryGetValue(agreementId, out var agreement) && agreement.Sides is { } sides
            ? sides.Where(own => brandId.Length == 0 || own.BrandId == brandId)
            : [];

    /// <summary>A customer as each of the tenant's sides of an agreement knows him; empty for nobody.</summary>
    public static ImmutableArray<SidePseudonym> PseudonymsOf(AgreementRef agreement, string customerId) =>
        customerId.Length == 0 || agreement.Sides is not { } sides
            ? []
            : [.. sides.Select(own => new SidePseudonym(
                own.Side, CustomerReference.Pseudonym(own.PseudonymKey, customerId)))];

    private static void Send(
        Decision decision, TenantScope scope, string customerId, CustomerLink link, Standing standing, Instant now)
    {
        if (OwnSides(scope.Tenant, link.AgreementId, "").FirstOrDefault(own => own.Side == link.Side) is not { } own) return;

        var change = new ChangeStanding(
            link.Side, CustomerReference.Pseudonym(own.PseudonymKey, customerId), standing, now);
        decision.Send(JointMessages.ToAgreement(
            link.AgreementId, LinkMessages.Standing, change, LinkJson.Default.ChangeStanding));
    }

    private static Standing StandingOf(CustomerState state, string brandId) =>
        state.IsErased ? Standing.Erased
        : !Sharing.IsGranted(state.Consents, brandId) ? Standing.Withdrawn
        : IsBlocked(state) ? Standing.Blocked
        : Standing.Granted;

    // Who never had a card has none that could be lost.
    private static bool IsBlocked(CustomerState state)
    {
        var cards = state.Keys.Where(key => key.Kind == CustomerKeyKind.Card).ToList();
        return cards.Count > 0 && cards.TrueForAll(card => card.IsBlocked);
    }

    private static Refusal? Fault(CustomerState state, string brandId)
    {
        if (!state.IsActive) return Because(RefusalReason.CustomerNotFound);
        return StandingOf(state, brandId) switch
        {
            Standing.Granted => null,
            Standing.Blocked => Because(RefusalReason.CardBlocked),
            _ => Because(RefusalReason.ConsentMissing, ("purpose", Sharing.Purpose), ("brand_id", brandId)),
        };
    }

    private static (TenantScope Scope, string CustomerId, Refusal? Refusal) Opened(
        ITurn turn, PartitionId from, PartitionId to, string agreementId, string reference)
    {
        var scope = TenantScope.Of(turn, to.OwnerId);
        if (from != PartitionId.Agreement(agreementId)) return (scope, "", Because(RefusalReason.NotAParty));
        if (!turn.IsComplete) return (scope, "", null);

        return CustomerReference.Open(scope.Tenant, scope.TenantId, agreementId, reference) is { } customerId
            ? (scope, customerId, null)
            : (scope, "", Because(RefusalReason.CustomerNotFound));
    }
}
