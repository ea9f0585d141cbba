using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Purchases;

/// <summary>
/// What has become of one purchase. The grain exists from its first return or correction on: a purchase that is
/// never touched again costs nothing but its fact.
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

    /// <summary>A cashier's error: it counts as never sold.</summary>
    [JsonPropertyName("void")]
    public bool IsVoided { get; init; }

    /// <summary>The customer who has it instead of the one it was recorded for; null: it was never reassigned.</summary>
    [JsonPropertyName("c")]
    public string? Holder { get; init; }

    /// <summary>Number of the lot that the holder got; 0 when nothing was accrued.</summary>
    [JsonPropertyName("n")]
    public long HolderLot { get; init; }

    /// <summary>Something of it was returned, if only an amount of 0.</summary>
    [JsonIgnore]
    public bool HasReturns => !IsVoided && (IsWhole || Amount > 0 || !Lines.IsEmpty);

    public static PurchaseState Evolve(PurchaseState state, PurchaseFact fact) => fact switch
    {
        PurchaseReturned e => state with
        {
            Lines = Add(state.Lines, e.Lines),
            Amount = state.Amount + e.Amount,
            Reversed = state.Reversed + e.Reversed,
            IsWhole = e.IsLast,
        },
        PurchaseVoided e => state with { Amount = e.Amount, Reversed = e.Reversed, IsWhole = true, IsVoided = true },
        PurchaseReassigned e => state with { Holder = e.To, HolderLot = e.LotNumber },
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
[JsonDerivedType(typeof(PurchaseVoided), "voided")]
[JsonDerivedType(typeof(PurchaseReassigned), "reassigned")]
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

/// <param name="Amount">Minor units: the whole sale's.</param>
/// <param name="Reversed">Millipoints: all that it accrued.</param>
public sealed record PurchaseVoided(
    [property: JsonPropertyName("c")] string CustomerId,
    [property: JsonPropertyName("a")] long Amount,
    [property: JsonPropertyName("q")] long Reversed) : PurchaseFact;

/// <param name="LotNumber">At the new customer.</param>
public sealed record PurchaseReassigned(
    [property: JsonPropertyName("from")] string From,
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("n")] long LotNumber) : PurchaseFact;
