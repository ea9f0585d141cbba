using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Tenants;

/// <param name="VirtualStartAt">Puts the tenant on a virtual clock that begins here.</param>
/// <param name="LookupKey">256 random bits, base64.</param>
public sealed record CreateTenant(
    string TenantId, string DisplayName, string Currency, string TimeZone, Instant? VirtualStartAt, string LookupKey);

public sealed record CreateBrand(string BrandId, string DisplayName);

/// <param name="TimeZone">Empty: the tenant's.</param>
/// <param name="EntityId">Empty: the tenant itself runs the store.</param>
/// <param name="ParentId">Empty: none.</param>
public sealed record CreateStore(
    string StoreId, string BrandId, string DisplayName, string TimeZone, string EntityId, string ParentId);

public sealed record CreateLegalEntity(string EntityId, string DisplayName, string VatId, string Country);

/// <param name="Wanted">Values of the fields to change; the others are not looked at.</param>
/// <param name="Fields">snake_case names as on the wire.</param>
/// <param name="VersionSeen">The version the caller saw; null changes whatever stands there.</param>
public sealed record UpdateProgram(Program Wanted, ImmutableArray<string> Fields, int? VersionSeen);

public sealed record AdvanceClock(Instant To);
