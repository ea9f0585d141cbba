using System.Collections.Immutable;
using NodaTime;

namespace Retention.Domain.Credentials;

/// <summary>What a credential may do; the names of the protos' Role without its prefix.</summary>
public enum CredentialRole
{
    PlatformAdmin = 1,
    TenantAdmin,
    Marketer,
    Store,
    Support,
    Partner,
    Ops,
    Auditor,
}

/// <summary>One credential: who it speaks for, and the digests of its secrets. A secret itself is never here.</summary>
public sealed record CredentialState
{
    public static readonly CredentialState Initial = new();

    public bool Exists => CredentialId.Length > 0;

    public string CredentialId { get; init; } = "";

    /// <summary>Empty for the platform's own.</summary>
    public string TenantId { get; init; } = "";

    public CredentialRole Role { get; init; }

    /// <summary>Empty: every brand of the tenant.</summary>
    public string BrandId { get; init; } = "";

    /// <summary>Empty: every store of the brand or tenant.</summary>
    public string StoreId { get; init; } = "";

    public Instant CreatedAt { get; init; }

    /// <summary>Exclusive: dead from this moment on. Null only for the platform's first.</summary>
    public Instant? ExpiresAt { get; init; }

    public Instant? RevokedAt { get; init; }

    /// <summary>Newest first; two at most, the older one while a rotation overlaps.</summary>
    public ImmutableArray<Secret> Secrets { get; init; } = [];

    public bool IsAlive(Instant now) => Exists && RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);
}

/// <param name="Digest">SHA-256 of the secret, base64. The secret has 256 random bits, so a slow hash adds nothing.</param>
/// <param name="Until">Exclusive; null for the newest.</param>
public sealed record Secret(string Digest, Instant? Until);

/// <summary>The credentials of one tenant by their ids, and with them the list of tenants that exist.</summary>
public sealed record CredentialsOfState
{
    public static readonly CredentialsOfState Initial = new();

    public bool Exists { get; init; }

    public ImmutableSortedSet<string> CredentialIds { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);
}
