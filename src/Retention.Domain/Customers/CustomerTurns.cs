using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Links;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <summary>Turns over who a customer is: enrollment, cards, profile, consents, contacts, erasure.</summary>
public static class CustomerTurns
{
    /// <summary>Cards, e-mails and phones of one customer, blocked ones included.</summary>
    public const int KeysMax = 32;

    public const int ConsentsMax = 256;

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, LIMIT_TOO_MANY, CUSTOMER_EXISTS,
    /// FIELD_INVALID, CARD_IN_USE (also for an e-mail or phone; the metadata tell which).
    /// </summary>
    public static Decision Enroll(ITurn turn, string tenantId, EnrollCustomer command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckConsents(scope, state, command.Consents)) is { } refused) return refused;
        if (state.IsEnrolled) return Because(CustomerExists);

        var (keys, inUse) = Keys(scope, command.CustomerId, command.Keys);
        if (!turn.IsComplete) return Decision.Silent();
        if (inUse is not null) return inUse;

        var now = state.Now(scope.Now);
        var fact = new CustomerEnrolled(keys, command.SealedProfile, At(command.Consents, now))
        {
            At = now,
            Origin = command.Origin,
        };
        var decision = Changed(scope, command.CustomerId, state, fact);
        foreach (var key in keys)
        {
            decision.Change(CustomerKeys.Grain(scope.Partition, key.Hash), new KeyTaken(command.CustomerId) { At = now });
        }

        return decision;
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND, LIMIT_TOO_MANY,
    /// FIELD_INVALID (the old card is not this customer's), CARD_IN_USE.
    /// </summary>
    public static Decision Replace(ITurn turn, string tenantId, ReplaceCard command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckThere(state)) is { } refused) return refused;
        if (state.Keys.Length >= KeysMax) return Because(LimitTooMany, ("limit", KeysMax));

        var old = OldCards(scope, state, command.OldCard);
        if (old.IsEmpty && command.OldCard is not null)
        {
            return Because(FieldInvalid, ("field", "card_number"), ("rule", "a_card_of_the_customer"));
        }

        var (keys, inUse) = Keys(scope, "", [(CustomerKeyKind.Card, command.NewCard)]);
        if (!turn.IsComplete) return Decision.Silent();
        if (inUse is not null) return inUse;

        var now = state.Now(scope.Now);
        var fact = new CardReplaced(old, keys[0].Hash, command.Reason) { At = now, Origin = command.Origin };
        var decision = Changed(scope, command.CustomerId, state, fact);
        CustomerLinks.TellStanding(
            decision, scope, command.CustomerId, state, CustomerEvolution.Evolve(state, fact), now);
        foreach (var hash in old)
        {
            decision.Change(CustomerKeys.Grain(scope.Partition, hash), new KeyBlocked { At = now });
        }

        return decision.Change(
            CustomerKeys.Grain(scope.Partition, keys[0].Hash), new KeyTaken(command.CustomerId) { At = now });
    }

    /// <summary>Refuses: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND. Blocking twice changes nothing.</summary>
    public static Decision Block(ITurn turn, string tenantId, BlockCard command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var found = scope.FindBy(CustomerKeyKind.Card, command.CardNumber, mayBeBlocked: true);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckThere(found.State)) is { } refused) return refused;

        var hash = found.Key!.Hash;
        if (scope.Key(hash).IsBlocked) return Decision.With(View(scope, found.CustomerId, found.State));

        var now = found.State.Now(scope.Now);
        var fact = new CardBlocked(hash, command.Reason) { At = now, Origin = command.Origin };
        var decision = Changed(scope, found.CustomerId, found.State, fact)
            .Change(CustomerKeys.Grain(scope.Partition, hash), new KeyBlocked { At = now });
        CustomerLinks.TellStanding(
            decision, scope, found.CustomerId, found.State, CustomerEvolution.Evolve(found.State, fact), now);
        return decision;
    }

    /// <summary>
    /// Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND, FIELD_INVALID,
    /// CARD_IN_USE (an e-mail or phone of somebody else).
    /// </summary>
    public static Decision ChangeProfile(ITurn turn, string tenantId, ChangeProfile command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckThere(state)) is { } refused) return refused;

        var (keys, inUse) = Keys(scope, command.CustomerId, command.Keys);
        if (!turn.IsComplete) return Decision.Silent();
        if (inUse is not null) return inUse;

        var now = state.Now(scope.Now);
        var cards = state.Keys.RemoveAll(key => key.Kind != CustomerKeyKind.Card);
        var fact = new ProfileChanged(cards.AddRange(keys), command.SealedProfile) { At = now, Origin = command.Origin };
        var decision = Changed(scope, command.CustomerId, state, fact);
        foreach (var key in state.Keys)
        {
            if (key.Kind == CustomerKeyKind.Card || keys.Contains(key)) continue;
            decision.Change(CustomerKeys.Grain(scope.Partition, key.Hash), new KeyFreed { At = now });
        }

        foreach (var key in keys)
        {
            if (state.Keys.Contains(key)) continue;
            decision.Change(CustomerKeys.Grain(scope.Partition, key.Hash), new KeyTaken(command.CustomerId) { At = now });
        }

        return decision;
    }

    /// <summary>Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, LIMIT_TOO_MANY, CUSTOMER_NOT_FOUND.</summary>
    public static Decision ChangeConsents(ITurn turn, string tenantId, ChangeConsents command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckConsents(scope, state, command.Consents)) is { } refused) return refused;
        if (CheckThere(state) is { } absent) return absent;

        var now = state.Now(scope.Now);
        var fact = new ConsentsChanged(At(command.Consents, now)) { At = now, Origin = command.Origin };
        var decision = Changed(scope, command.CustomerId, state, fact);
        CustomerLinks.TellStanding(
            decision, scope, command.CustomerId, state, CustomerEvolution.Evolve(state, fact), now);
        return decision;
    }

    /// <summary>Refuses, in this order: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND.</summary>
    public static Decision LogContact(ITurn turn, string tenantId, LogContact command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckThere(state)) is { } refused) return refused;

        var now = state.Now(scope.Now);
        var fact = new ContactLogged(
            command.ContactId,
            command.Channel,
            command.IsInbound,
            command.Purpose,
            command.Outcome,
            command.SealedNote,
            command.ContactedAt ?? now)
        { At = now, Origin = command.Origin };
        return Decision
            .With(new ContactReceipt(command.CustomerId, fact))
            .Change(CustomerGrains.Id(scope.Partition, command.CustomerId), fact);
    }

    /// <summary>Refuses: TENANT_NOT_FOUND, BRAND_NOT_FOUND, STORE_NOT_FOUND, CUSTOMER_NOT_FOUND. The caller destroys the person's key.</summary>
    public static Decision Erase(ITurn turn, string tenantId, EraseCustomer command)
    {
        var scope = TenantScope.Of(turn, tenantId);
        var state = scope.Customer(command.CustomerId);
        if (!turn.IsComplete) return Decision.Silent();
        if ((scope.CheckPlace(command.Origin) ?? CheckThere(state)) is { } refused) return refused;

        var now = state.Now(scope.Now);
        var fact = new CustomerErased(command.Reason) { At = now, Origin = command.Origin };
        var decision = Changed(scope, command.CustomerId, state, fact);
        foreach (var key in state.Keys)
        {
            decision.Change(CustomerKeys.Grain(scope.Partition, key.Hash), new KeyFreed { At = now });
        }

        CustomerLinks.TellStanding(
            decision, scope, command.CustomerId, state, CustomerEvolution.Evolve(state, fact), now);
        return decision;
    }

    /// <summary>The customer by id or card. An erased one is there, without a person.</summary>
    public static Decision Read(ITurn turn, string tenantId, CustomerRef customer, bool mayBeBlocked)
    {
        var scope = TenantScope.Of(turn, tenantId);
        return Found(turn, scope, scope.Find(customer, mayBeBlocked));
    }

    /// <summary>The customer that a card, e-mail or phone leads to.</summary>
    public static Decision ReadBy(ITurn turn, string tenantId, CustomerKeyKind kind, string address)
    {
        var scope = TenantScope.Of(turn, tenantId);
        return Found(turn, scope, scope.FindBy(kind, address, mayBeBlocked: true));
    }

    private static Decision Found(ITurn turn, TenantScope scope, FoundCustomer found)
    {
        if (!turn.IsComplete) return Decision.Silent();
        if (found.Refusal is { } refusal) return refusal;

        return found.State.IsEnrolled
            ? Decision.With(View(scope, found.CustomerId, found.State))
            : Because(CustomerNotFound);
    }

    private static Decision Changed(TenantScope scope, string customerId, CustomerState state, CustomerFact fact) => Decision
        .With(View(scope, customerId, CustomerEvolution.Evolve(state, fact)))
        .Change(CustomerGrains.Id(scope.Partition, customerId), fact);

    private static CustomerView View(TenantScope scope, string customerId, CustomerState state)
    {
        var now = state.Now(scope.Now);
        return new CustomerView(customerId, state, PointsBalance.Of(state, now), now);
    }

    private static Refusal? CheckThere(CustomerState state) => state.IsActive ? null : Because(CustomerNotFound);

    private static Refusal? CheckConsents(TenantScope scope, CustomerState state, ImmutableArray<Consent> consents)
    {
        if (consents.IsDefaultOrEmpty) return null;
        if (state.Consents.Length + consents.Length > ConsentsMax) return Because(LimitTooMany, ("limit", ConsentsMax));

        foreach (var consent in consents)
        {
            if (!scope.Tenant.Brands.ContainsKey(consent.BrandId)) return Because(BrandNotFound);
        }

        return null;
    }

    private static ImmutableArray<Consent> At(ImmutableArray<Consent> consents, Instant now) => consents.IsDefaultOrEmpty
        ? default
        : [.. consents.Select(consent => consent with { ChangedAt = now })];

    // A key that already leads to this very customer is no conflict.
    private static (ImmutableArray<CustomerKey> Keys, Refusal? InUse) Keys(
        TenantScope scope, string customerId, ImmutableArray<(CustomerKeyKind Kind, string Address)> addresses)
    {
        var keys = ImmutableArray.CreateBuilder<CustomerKey>(addresses.Length);
        foreach (var (kind, address) in addresses)
        {
            if (CustomerKeys.Normalize(kind, address).Length == 0)
            {
                return ([], Because(FieldInvalid, ("field", CustomerKeys.Name(kind))));
            }

            var key = CustomerKeys.Of(kind, address, scope.Tenant.LookupKey);
            if (scope.Key(key.Hash).CustomerId is { } holder && holder != customerId)
            {
                return ([], Because(CardInUse, ("kind", CustomerKeys.Name(kind))));
            }

            if (!keys.Contains(key)) keys.Add(key);
        }

        return (keys.DrainToImmutable(), null);
    }

    private static ImmutableArray<string> OldCards(TenantScope scope, CustomerState state, string? oldCard)
    {
        var hash = oldCard is null ? null : CustomerKeys.Of(CustomerKeyKind.Card, oldCard, scope.Tenant.LookupKey).Hash;
        return [.. state.Keys
            .Where(key => key.Kind == CustomerKeyKind.Card && !key.IsBlocked && (hash is null || key.Hash == hash))
            .Select(key => key.Hash)];
    }
}
