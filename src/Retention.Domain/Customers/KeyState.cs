using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Customers;

/// <summary>A card, e-mail or phone: the customer it leads to. Unique by construction, since the hash names the grain.</summary>
public sealed record KeyState
{
    public const string Kind = "key";

    public static readonly KeyState Initial = new();

    /// <summary>Null when the key is free.</summary>
    [JsonPropertyName("c")]
    public string? CustomerId { get; init; }

    /// <summary>A blocked card still leads to its customer, but buys nothing and is never given again.</summary>
    [JsonPropertyName("off")]
    public bool IsBlocked { get; init; }

    public static KeyState Evolve(KeyState state, KeyFact fact) => fact switch
    {
        KeyTaken e => new KeyState { CustomerId = e.CustomerId },
        KeyBlocked => state with { IsBlocked = true },
        KeyFreed => Initial,
        _ => throw new InvalidOperationException($"Unknown key fact {fact.GetType().Name}."),
    };
}

[JsonPolymorphic(TypeDiscriminatorPropertyName = "$type")]
[JsonDerivedType(typeof(KeyTaken), "taken")]
[JsonDerivedType(typeof(KeyBlocked), "blocked")]
[JsonDerivedType(typeof(KeyFreed), "freed")]
public abstract record KeyFact
{
    [JsonPropertyName("at")]
    public Instant At { get; init; }
}

public sealed record KeyTaken([property: JsonPropertyName("c")] string CustomerId) : KeyFact;

public sealed record KeyBlocked : KeyFact;

public sealed record KeyFreed : KeyFact;
