using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Kernel;

namespace Retention.Domain.Tenants;

/// <summary>
/// One tenant: its brands, stores and companies, its program, its clock, and the legs of agreements
/// that its purchases may trigger. Almost every turn of the tenant reads it.
/// </summary>
public sealed record TenantState
{
    public static readonly TenantState Initial = new();

    public bool Exists { get; init; }

    public string TenantId { get; init; } = "";

    public string DisplayName { get; init; } = "";

    /// <summary>ISO 4217.</summary>
    public string Currency { get; init; } = "";

    /// <summary>IANA zone of the program; a store may have its own.</summary>
    public string TimeZone { get; init; } = "";

    /// <summary>Set for a tenant on a virtual clock, which only AdvanceClock moves.</summary>
    public Instant? VirtualNow { get; init; }

    /// <summary>256 random bits, base64: keys the HMAC under which cards, e-mails and phones are found.</summary>
    public string LookupKey { get; init; } = "";

    public ImmutableSortedDictionary<string, Brand> Brands { get; init; } = Empty<Brand>();

    public ImmutableSortedDictionary<string, Store> Stores { get; init; } = Empty<Store>();

    public ImmutableSortedDictionary<string, LegalEntity> Entities { get; init; } = Empty<LegalEntity>();

    public Program Program { get; init; } = Program.Default;

    /// <summary>Legs of agreements in which a brand of this tenant issues; kept up to date by effects.</summary>
    public ImmutableArray<TriggerLeg> Triggers { get; init; } = [];

    /// <summary>Agreements in which a brand of this tenant takes part, on either side; kept by effects.</summary>
    public ImmutableSortedDictionary<string, AgreementRef> Agreements { get; init; } = Empty<AgreementRef>();

    /// <summary>Some cashier is registered as a customer.</summary>
    public bool HasCashiers { get; init; }

    /// <summary>Whether an agreement with the other tenant was ever accepted by both.</summary>
    public bool IsPartner(string tenantId) => Agreements.Values.Any(agreement => agreement.PartnerTenantId == tenantId);

    /// <summary>The tenant's time: virtual where it has a virtual clock, else the node's.</summary>
    public Instant Now(Instant nodeTime) => VirtualNow ?? nodeTime;

    /// <summary>The company that runs the store; null: the tenant itself, or no store.</summary>
    public string? EntityOf(string storeId) =>
        Stores.GetValueOrDefault(storeId) is { EntityId.Length: > 0 } store ? store.EntityId : null;

    private static ImmutableSortedDictionary<string, T> Empty<T>() =>
        ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
}

public sealed record Brand(string BrandId, string DisplayName);

/// <param name="EntityId">The company that runs the store; empty for the tenant itself.</param>
/// <param name="ParentId">The store that this one reports under; empty for none.</param>
public sealed record Store(
    string StoreId, string BrandId, string DisplayName, string TimeZone, string EntityId, string ParentId = "");

public sealed record LegalEntity(string EntityId, string DisplayName, string VatId, string Country);

/// <summary>A leg that purchases of one brand may trigger: all that the purchase's turn must know of the agreement.</summary>
/// <param name="AgreementId">Whose partition the effect goes to.</param>
/// <param name="LegId">The leg within the agreement.</param>
/// <param name="BrandId">The issuing brand, of this tenant.</param>
/// <param name="MinimumBasketMinorUnits">Inclusive.</param>
/// <param name="Categories">Any of these on a line; empty means any purchase.</param>
/// <param name="PseudonymKey">Keys the HMAC of the customer's pairwise pseudonym, base64.</param>
public sealed record TriggerLeg(
    string AgreementId,
    string LegId,
    string BrandId,
    long MinimumBasketMinorUnits,
    ImmutableArray<string> Categories,
    string PseudonymKey)
{
    /// <summary>Purchases issue nothing; returns still void what was issued.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Of the conditions. 0 in journals that are older than amendments: the first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TermsVersion { get; init; }

    /// <summary>Purchases from this moment on issue nothing; null: no end is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Instant? EndsAt { get; init; }

    /// <summary>Conditions of versions before: purchases that met them may still be returned. Null: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<TriggerTerms>? Earlier { get; init; }

    /// <summary>This leg with what is known of its versions before.</summary>
    public TriggerLeg After(TriggerLeg? known)
    {
        if (known is null) return this;
        var last = known.Current();
        return last.TermsVersion == Current().TermsVersion
            ? this with { Earlier = known.Earlier }
            : this with { Earlier = [.. known.Earlier ?? [], last] };
    }

    public IEnumerable<TriggerTerms> Versions() => [.. Earlier ?? [], Current()];

    private TriggerTerms Current() => new(Math.Max(TermsVersion, 1), MinimumBasketMinorUnits, Categories);
}

/// <summary>Which purchases trigger a leg under one version of its terms.</summary>
public sealed record TriggerTerms(int TermsVersion, long MinimumBasketMinorUnits, ImmutableArray<string> Categories);

/// <summary>An agreement as one of its tenants knows it.</summary>
/// <param name="CodePrefix">Starts the codes of the agreement's coupons.</param>
public sealed record AgreementRef(string AgreementId, string BrandId, string OtherBrandId, string CodePrefix)
{
    /// <summary>One, or both where the tenant has both brands; null in journals that are older than links.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImmutableArray<OwnSide>? Sides { get; init; }

    /// <summary>Null: the tenant's own, accepted by both, or in journals that are older than it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OpenProposal? Proposal { get; init; }

    /// <summary>The other side's tenant, once both have accepted; null before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PartnerTenantId { get; init; }
}

/// <summary>A side of an agreement that a brand of the tenant is.</summary>
/// <param name="PseudonymKey">Keys the HMAC of its customers' pairwise pseudonyms, base64.</param>
public sealed record OwnSide(Side Side, string BrandId, string PseudonymKey);
