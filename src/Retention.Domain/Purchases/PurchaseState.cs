using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Purchases;

/// <summary>
/// What has come back of one purchase. The grain exists from the first return on: a purchase that is never
/// returned costs nothing but its fact.
/// </summary>
public sealed record PurchaseState
{
    public const string Kind = "purchase";

    public static readonly PurchaseState Initial = new();

    /// <summary>Returned so far, per line id.</summary>
    [JsonPropertyName("l")]
    public ImmutableArray<ReturnedLine> Lines { get; init; } = [];

    /// <summary>Minor units returned so far.</summary>
    [JsonPropertyName("a")]
    public long Amount { get; init; }

    /// <summary>Millipoints reversed so far; never more than the purchase accrued.</summary>
    [JsonPropertyName("q")]
    public long Reversed { get; init; }

    /// <summary>Everything has come back.</summary>
    [JsonPropertyName("all")]
    public bool IsWhole { get; init; }

    public static PurchaseState Evolve(PurchaseState state, PurchaseFact fact) => fact switch
    {
        PurchaseReturned e => state with
        {
            Lines = Add(state.Lines, e.Lines),
            Amount = state.Amount + e.Amount,
            Reversed = state.Reversed + e.Reversed,
            IsWhole = e.IsLast,
        },
        _ => throw new InvalidOperationException($"Unknown purchase fact {fact.GetType().Name}."),
    };

    public ReturnedLine Returned(string lineId)
    {
        foreach (var line in Lines)
        {
            if (line.LineId == lineId) return line;
        }

        return new ReturnedLine(lineId, 0, 0);
    }

    private static ImmutableArray<ReturnedLine> Add(ImmutableArray<ReturnedLine> sum, ImmutableArray<ReturnedLine> lines)
    {
        if (lines.IsDefaultOrEmpty) return sum;

        var sums = sum.ToBuilder();
        foreach (var line in lines)
        {
            var at = 0;
            while (at < sums.Count && sums[at].LineId != line.LineId)
            {
                at++;
            }

            if (at == sums.Count) sums.Add(line);
            else sums[at] = sums[at] with { Quantity = sums[at].Quantity + line.Quantity, Amount = sums[at].Amount + line.Amount };
        }

        return sums.ToImmutable();
    }
}

/// <summary>Quantity and minor units of one line that came back.</summary>
public sealed record ReturnedLine(
    [property: JsonPropertyName("i")] string LineId,
    [property: JsonPropertyName("n")] long Quantity,
    [property: JsonPropertyName("a")] long Amount);

[JsonPolymorphic(TypeDiscriminatorPropertyName = "$type")]
[JsonDerivedType(typeof(PurchaseReturned), "returned")]
public abstract record PurchaseFact
{
    [JsonPropertyName("at")]
    public Instant At { get; init; }
}

/// <param name="Lines">Empty for a purchase without lines.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Reversed">Millipoints.</param>
/// <param name="IsLast">Nothing of the purchase is left.</param>
public sealed record PurchaseReturned(
    [property: JsonPropertyName("ri")] string ReturnId,
    [property: JsonPropertyName("c")] string CustomerId,
    [property: JsonPropertyName("l")] ImmutableArray<ReturnedLine> Lines,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Reversed,
    [property: JsonPropertyName("all")] bool IsLast) : PurchaseFact;
