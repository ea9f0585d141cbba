using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;

namespace Retention.Domain.Links;

/// <summary>The agreement's own copy of a person's consent to sharing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Standing>))]
public enum Standing
{
    /// <summary>The agreement was told nothing: coupons are whoever's bears them.</summary>
    Unknown,
    Granted,

    /// <summary>No coupon is issued and none redeemed until it is granted again.</summary>
    Withdrawn,

    /// <summary>None of his cards works: as without consent, but the link waits for a new card.</summary>
    Blocked,

    /// <summary>For ever.</summary>
    Erased,
}

/// <summary>
/// One customer of one side, as the agreement knows him: by his pairwise pseudonym (the key is "side|pseudonym"), by an
/// id that only his own tenant can open, and by whom he is on the other side.
/// </summary>
public sealed record PersonState
{
    public static readonly PersonState Initial = new();

    public Standing Standing { get; init; }

    /// <summary>Sealed: <see cref="CustomerReference.Open"/>.</summary>
    public string Customer { get; init; } = "";

    /// <summary>Empty: not linked.</summary>
    public string LinkId { get; init; } = "";

    /// <summary>His pseudonym on the other side; empty: not linked.</summary>
    public string Other { get; init; } = "";

    public bool IsLinked => LinkId.Length > 0;

    /// <summary>Nothing was said, or yes.</summary>
    public bool MayShare => Standing is Standing.Unknown or Standing.Granted;

    public PersonState Evolve(PersonFact fact) => fact switch
    {
        PersonOffered offered => this with { Standing = Standing.Granted, Customer = offered.Customer },
        PersonLinked linked => this with
        {
            Standing = Standing.Granted,
            Customer = linked.Customer,
            LinkId = linked.LinkId,
            Other = linked.Other,
        },
        PersonUnlinked => this with { LinkId = "", Other = "" },
        PersonStandingChanged changed => this with { Standing = changed.Standing },
        _ => throw new InvalidOperationException($"A person knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one person of an agreement.</summary>
[JsonDerivedType(typeof(PersonOffered), "person-offered")]
[JsonDerivedType(typeof(PersonLinked), "person-linked")]
[JsonDerivedType(typeof(PersonUnlinked), "person-unlinked")]
[JsonDerivedType(typeof(PersonStandingChanged), "person-standing")]
public abstract record PersonFact
{
    public Instant At { get; init; }
}

/// <summary>He consented and took a token.</summary>
public sealed record PersonOffered(string Customer) : PersonFact;

public sealed record PersonLinked(string LinkId, string Other, string Customer) : PersonFact;

public sealed record PersonUnlinked(string LinkId, UnlinkReason Reason) : PersonFact;

public sealed record PersonStandingChanged(Standing Standing) : PersonFact;

[JsonConverter(typeof(JsonStringEnumConverter<UnlinkReason>))]
public enum UnlinkReason
{
    Asked = 1,
    Withdrawn,
    Erased,
}

/// <summary>A token, by its hash: who took it, until when it is good, and whether it was used.</summary>
public sealed record TokenState
{
    public static readonly TokenState Initial = new();

    public Side Side { get; init; }

    /// <summary>Empty: there is no such token.</summary>
    public string Pseudonym { get; init; } = "";

    /// <summary>Exclusive.</summary>
    public Instant ExpiresAt { get; init; }

    public bool IsUsed { get; init; }

    public TokenState Evolve(TokenFact fact) => fact switch
    {
        TokenOffered offered => this with
        {
            Side = offered.Side,
            Pseudonym = offered.Pseudonym,
            ExpiresAt = offered.ExpiresAt,
        },
        TokenUsed => this with { IsUsed = true },
        _ => throw new InvalidOperationException($"A token knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one token.</summary>
[JsonDerivedType(typeof(TokenOffered), "token-offered")]
[JsonDerivedType(typeof(TokenUsed), "token-used")]
public abstract record TokenFact
{
    public Instant At { get; init; }
}

public sealed record TokenOffered(Side Side, string Pseudonym, Instant ExpiresAt) : TokenFact;

public sealed record TokenUsed : TokenFact;
