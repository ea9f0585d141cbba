using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Tenants;

/// <summary>What happened to a tenant. The names are stored for ever.</summary>
[JsonDerivedType(typeof(TenantCreated), nameof(TenantCreated))]
[JsonDerivedType(typeof(BrandCreated), nameof(BrandCreated))]
[JsonDerivedType(typeof(StoreCreated), nameof(StoreCreated))]
[JsonDerivedType(typeof(LegalEntityCreated), nameof(LegalEntityCreated))]
[JsonDerivedType(typeof(ProgramUpdated), nameof(ProgramUpdated))]
[JsonDerivedType(typeof(ClockAdvanced), nameof(ClockAdvanced))]
[JsonDerivedType(typeof(AgreementNoted), nameof(AgreementNoted))]
[JsonDerivedType(typeof(TriggerSet), nameof(TriggerSet))]
[JsonDerivedType(typeof(CashiersKnown), nameof(CashiersKnown))]
[JsonDerivedType(typeof(ProposalsDropped), nameof(ProposalsDropped))]
public abstract record TenantFact;

public sealed record TenantCreated(
    string TenantId, string DisplayName, string Currency, string TimeZone, Instant? VirtualStartAt, string LookupKey)
    : TenantFact;

public sealed record BrandCreated(Brand Brand) : TenantFact;

public sealed record StoreCreated(Store Store) : TenantFact;

public sealed record LegalEntityCreated(LegalEntity Entity) : TenantFact;

public sealed record ProgramUpdated(Program Program) : TenantFact;

public sealed record ClockAdvanced(Instant To) : TenantFact;

/// <summary>An agreement of the tenant came to be, or is known under new terms.</summary>
public sealed record AgreementNoted(AgreementRef Agreement) : TenantFact;

/// <summary>Proposals of others that nobody accepted in time left the tenant's list. The agreements themselves stay.</summary>
public sealed record ProposalsDropped(ImmutableArray<string> AgreementIds) : TenantFact;

/// <summary>What purchases must know of one leg, instead of what was known of it before.</summary>
public sealed record TriggerSet(TriggerLeg Leg) : TenantFact;

/// <summary>A cashier was registered for the first time: from now on tills are asked for the rule of the own card.</summary>
public sealed record CashiersKnown : TenantFact;
