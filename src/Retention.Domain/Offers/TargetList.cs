using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Retention.Domain.Offers;

/// <summary>One bucket of an offer's target list; its key is "offer|bucket".</summary>
public sealed record TargetListState
{
    public static readonly TargetListState Initial = new();

    /// <summary>Each once, in ordinal order.</summary>
    public ImmutableArray<string> CustomerIds { get; init; } = [];

    public bool Contains(string customerId) => CustomerIds.BinarySearch(customerId, StringComparer.Ordinal) >= 0;

    public TargetListState Evolve(TargetListFact fact) => fact switch
    {
        TargetsListed listed => this with
        {
            CustomerIds = [.. CustomerIds.Concat(listed.CustomerIds).Order(StringComparer.Ordinal)],
        },
        TargetsMoved moved => this with { CustomerIds = CustomerIds.RemoveRange(moved.CustomerIds) },
        _ => throw new InvalidOperationException($"A target list knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one bucket of a target list.</summary>
[JsonDerivedType(typeof(TargetsListed), "targets-listed")]
[JsonDerivedType(typeof(TargetsMoved), "targets-moved")]
public abstract record TargetListFact;

/// <summary>New on the list, or come from another bucket of it.</summary>
public sealed record TargetsListed(ImmutableArray<string> CustomerIds) : TargetListFact;

/// <summary>Gone to other buckets because the list grew; these list them in the same commit.</summary>
public sealed record TargetsMoved(ImmutableArray<string> CustomerIds) : TargetListFact;
