using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Coupons;

/// <summary>
/// How the discount of one redemption lies on the lines of its basket, and what of it came back; its key is the
/// redemption's id. Only a redemption whose till told its lines has one.
/// </summary>
public sealed record RedemptionState
{
    public static readonly RedemptionState Initial = new();

    public ImmutableArray<RedeemedLine> Lines { get => field.IsDefault ? [] : field; init; }

    /// <summary>The whole discount came back.</summary>
    public bool IsReversed { get; init; }

    /// <summary>The part of the discount that still stands.</summary>
    public long StandingMinorUnits
    {
        get
        {
            var standing = 0L;
            foreach (var line in Lines)
            {
                standing += line.Discount - line.DiscountBack;
            }

            return standing;
        }
    }

    public RedemptionState Evolve(RedemptionFact fact) => fact switch
    {
        RedemptionSpread spread => this with { Lines = spread.Lines },
        RedemptionLinesReturned returned => this with { Lines = [.. Lines.Select(line => line.Less(returned.Lines))] },
        RedemptionClosed => this with { IsReversed = true },
        RedemptionStacked => this,
        _ => throw new InvalidOperationException($"A redemption knows no {fact.GetType().Name}."),
    };
}

/// <param name="Amount">What the line came to before the coupon.</param>
/// <param name="Discount">The coupon's share of it.</param>
/// <param name="AmountBack">Returned so far.</param>
/// <param name="DiscountBack">Given back so far.</param>
public sealed record RedeemedLine(
    string Line, long Quantity, long Amount, long Discount, long QuantityBack = 0, long AmountBack = 0, long DiscountBack = 0)
{
    /// <summary>The coupon did not lie on it: it may come back, but nothing waits for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsBeside { get; init; }

    /// <summary>Nothing of it is left that the redemption waits for.</summary>
    public bool IsBack => IsBeside || (AmountBack == Amount && DiscountBack == Discount);

    public RedeemedLine Less(ImmutableArray<LineBack> back)
    {
        foreach (var part in back)
        {
            if (part.Line != Line) continue;
            return this with
            {
                QuantityBack = QuantityBack + part.Quantity,
                AmountBack = AmountBack + part.Amount,
                DiscountBack = DiscountBack + part.Discount,
            };
        }

        return this;
    }
}

/// <summary>What one return took back of one line.</summary>
public sealed record LineBack(string Line, long Quantity, long Amount, long Discount);

/// <summary>What happened to the lines of one redemption.</summary>
[JsonDerivedType(typeof(RedemptionSpread), "redemption-spread")]
[JsonDerivedType(typeof(RedemptionLinesReturned), "redemption-lines-returned")]
[JsonDerivedType(typeof(RedemptionClosed), "redemption-closed")]
[JsonDerivedType(typeof(RedemptionStacked), "redemption-stacked")]
public abstract record RedemptionFact;

public sealed record RedemptionSpread(ImmutableArray<RedeemedLine> Lines, Instant At) : RedemptionFact;

public sealed record RedemptionLinesReturned(ImmutableArray<LineBack> Lines, string ReturnId, Instant At) : RedemptionFact;

public sealed record RedemptionClosed(Instant At) : RedemptionFact;

/// <summary>An order took a joint coupon with its other codes: the chain's own word, which its agreement carries out.</summary>
public sealed record RedemptionStacked(string AgreementId, long DiscountMinorUnits, Instant At) : RedemptionFact;
