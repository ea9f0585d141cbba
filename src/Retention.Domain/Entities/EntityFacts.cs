using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Entities;

/// <summary>What happened on the account between two companies of one tenant.</summary>
[JsonDerivedType(typeof(EntityCleared), "entity-cleared")]
[JsonDerivedType(typeof(EntityReversed), "entity-reversed")]
public abstract record EntityFact
{
    public Instant At { get; init; }

    /// <summary>The day of At in the tenant's zone.</summary>
    public LocalDate On { get; init; }

    /// <summary>1, 2, 3, ... without a gap.</summary>
    public long Number { get; init; }

    /// <summary>The account's sides, in the order of their ids; null: the tenant itself.</summary>
    public string? First { get; init; }

    public string? Second { get; init; }

    public string Currency { get; init; } = "";

    public string Redemption { get; init; } = "";

    public EntityCause Cause { get; init; }

    /// <summary>The gift or the offer; null: neither.</summary>
    public string? Subject { get; init; }

    /// <summary>What each side is credited with. They sum to zero.</summary>
    public long FirstMinorUnits { get; init; }

    public long SecondMinorUnits { get; init; }
}

/// <summary>Given at one company's expense, used at the other.</summary>
public sealed record EntityCleared : EntityFact;

/// <summary>What was used came back, as a whole or in part.</summary>
public sealed record EntityReversed : EntityFact;

/// <summary>What was used.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EntityCause>))]
public enum EntityCause
{
    Points = 1,
    Gift,
    Coupon,
}
