using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Tills;

/// <summary>A cashier and the customer he is himself; the key is "store|cashier", without a store for all of the tenant's.</summary>
public sealed record CashierState
{
    public static readonly CashierState Initial = new();

    /// <summary>Empty: he is nobody's.</summary>
    public string CustomerId { get; init; } = "";

    public CashierState Evolve(CashierFact fact) => fact switch
    {
        CashierRegistered registered => this with { CustomerId = registered.CustomerId },
        _ => throw new InvalidOperationException($"A cashier knows no {fact.GetType().Name}."),
    };
}

[JsonDerivedType(typeof(CashierRegistered), "cashier-registered")]
public abstract record CashierFact
{
    public Instant At { get; init; }
}

/// <param name="CustomerId">Empty: no longer anybody's.</param>
public sealed record CashierRegistered(string CustomerId) : CashierFact;

/// <summary>
/// How often a customer was served in the latest hour and day in which he was; the key is his id. It exists only where the
/// program counts.
/// </summary>
public sealed record CardUseState
{
    public static readonly CardUseState Initial = new();

    /// <summary>Its start.</summary>
    public Instant Hour { get; init; } = Instant.MinValue;

    public int HourCount { get; init; }

    public LocalDate Day { get; init; }

    public int DayCount { get; init; }

    /// <summary>A use of an hour or day that is over for the counter is counted nowhere.</summary>
    public CardUseState Evolve(CardUseFact fact) => fact switch
    {
        CardUsed used => this with
        {
            Hour = Instant.Max(Hour, used.Hour),
            HourCount = used.Hour < Hour ? HourCount : used.Hour == Hour ? HourCount + 1 : 1,
            Day = LocalDate.Max(Day, used.Day),
            DayCount = used.Day < Day ? DayCount : used.Day == Day ? DayCount + 1 : 1,
        },
        _ => throw new InvalidOperationException($"A card's use knows no {fact.GetType().Name}."),
    };
}

[JsonDerivedType(typeof(CardUsed), "card-used")]
public abstract record CardUseFact
{
    public Instant At { get; init; }
}

/// <param name="Hour">The start of the hour of the use, business time.</param>
/// <param name="Day">Its day in the tenant's zone.</param>
public sealed record CardUsed(Instant Hour, LocalDate Day) : CardUseFact;

[JsonConverter(typeof(JsonStringEnumConverter<TillRule>))]
public enum TillRule
{
    OwnCard = 1,
    CardVelocity,
}

/// <summary>What the rules flagged on one day of the tenant's zone; the key is the ISO date.</summary>
public sealed record TillDayState
{
    /// <summary>Tills and cashiers with flags in one day; what is beyond is counted without a name.</summary>
    public const int CountsMax = 2_000;

    public static readonly TillDayState Initial = new();

    public ImmutableArray<TillCount> Counts { get; init; } = [];

    public int Unnamed { get; init; }

    public TillDayState Evolve(TillDayFact fact) => fact switch
    {
        TillFlagged flagged => Counted(flagged),
        _ => throw new InvalidOperationException($"A till's day knows no {fact.GetType().Name}."),
    };

    private TillDayState Counted(TillFlagged flagged)
    {
        for (var i = 0; i < Counts.Length; i++)
        {
            if (Counts[i].IsOf(flagged)) return this with { Counts = Counts.SetItem(i, Counts[i].And(flagged.Rule)) };
        }

        return Counts.Length >= CountsMax
            ? this with { Unnamed = Unnamed + 1 }
            : this with
            {
                Counts = Counts.Add(new TillCount(flagged.StoreId, flagged.TillId, flagged.CashierId, 0, 0).And(flagged.Rule)),
            };
    }
}

/// <summary>Flags of one cashier at one till of one store; empty parts were not told.</summary>
public sealed record TillCount(string StoreId, string TillId, string CashierId, int OwnCard, int CardVelocity)
{
    [JsonIgnore]
    public int Total => OwnCard + CardVelocity;

    public bool IsOf(TillFlagged flagged) =>
        StoreId == flagged.StoreId && TillId == flagged.TillId && CashierId == flagged.CashierId;

    public TillCount And(TillRule rule) => rule == TillRule.OwnCard
        ? this with { OwnCard = OwnCard + 1 }
        : this with { CardVelocity = CardVelocity + 1 };

    public TillCount And(TillCount more) =>
        this with { OwnCard = OwnCard + more.OwnCard, CardVelocity = CardVelocity + more.CardVelocity };
}

[JsonDerivedType(typeof(TillFlagged), "till-flagged")]
public abstract record TillDayFact
{
    public Instant At { get; init; }
}

/// <param name="What">The sale as "source/purchase", or the redemption's id.</param>
public sealed record TillFlagged(
    string StoreId, string TillId, string CashierId, TillRule Rule, string CustomerId, string What) : TillDayFact;
