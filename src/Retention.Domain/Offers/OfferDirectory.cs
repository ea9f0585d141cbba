using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Retention.Domain.Offers;

/// <summary>
/// The offers of a tenant in the order of their making: page n holds the next <see cref="PageSize"/>.
/// The page called "head" only counts. Offers are never taken out.
/// </summary>
public sealed record OfferDirectoryState
{
    public const int PageSize = 500;
    public const int OffersMax = 100_000;

    public static readonly OfferDirectoryState Initial = new();

    public int Count { get; init; }

    /// <summary>Empty on the head.</summary>
    public ImmutableArray<string> OfferIds { get; init; } = [];

    public OfferDirectoryState Evolve(OfferDirectoryFact fact) => fact switch
    {
        OfferListed listed => this with { Count = Count + 1, OfferIds = OfferIds.Add(listed.OfferId) },
        OfferCounted => this with { Count = Count + 1 },
        _ => throw new InvalidOperationException($"A directory knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one page of the directory.</summary>
[JsonDerivedType(typeof(OfferListed), "offer-listed")]
[JsonDerivedType(typeof(OfferCounted), "offer-counted")]
public abstract record OfferDirectoryFact;

public sealed record OfferListed(string OfferId) : OfferDirectoryFact;

public sealed record OfferCounted : OfferDirectoryFact;

/// <summary>Which offers carry a generic code; its key is the code in upper case.</summary>
public sealed record CodeState
{
    public const int OffersMax = 100;

    public static readonly CodeState Initial = new();

    public ImmutableArray<CodeOffer> Offers { get; init; } = [];

    public CodeState Evolve(CodeFact fact) => fact switch
    {
        CodeOffered offered => this with { Offers = Offers.Add(new CodeOffer(offered.OfferId, offered.CampaignId)) },
        _ => throw new InvalidOperationException($"A code knows no {fact.GetType().Name}."),
    };
}

public readonly record struct CodeOffer(string OfferId, string CampaignId);

/// <summary>What happened to one generic code.</summary>
[JsonDerivedType(typeof(CodeOffered), "code-offered")]
public abstract record CodeFact;

public sealed record CodeOffered(string OfferId, string CampaignId) : CodeFact;
