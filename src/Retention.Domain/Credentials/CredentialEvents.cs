using System.Text.Json.Serialization;
using NodaTime;

namespace Retention.Domain.Credentials;

/// <summary>What happened to one credential. The names are stored for ever.</summary>
[JsonDerivedType(typeof(CredentialCreated), nameof(CredentialCreated))]
[JsonDerivedType(typeof(CredentialRotated), nameof(CredentialRotated))]
[JsonDerivedType(typeof(CredentialRevoked), nameof(CredentialRevoked))]
public abstract record CredentialFact;

public sealed record CredentialCreated(
    string CredentialId,
    string TenantId,
    CredentialRole Role,
    string BrandId,
    string StoreId,
    string Digest,
    Instant? ExpiresAt,
    Instant At) : CredentialFact;

/// <param name="OldUntil">Exclusive end of the secret before.</param>
public sealed record CredentialRotated(string Digest, Instant OldUntil, Instant? ExpiresAt, Instant At) : CredentialFact;

public sealed record CredentialRevoked(Instant At) : CredentialFact;

/// <summary>What happened to a tenant's list of credentials.</summary>
[JsonDerivedType(typeof(OwnerRegistered), nameof(OwnerRegistered))]
[JsonDerivedType(typeof(CredentialsListed), nameof(CredentialsListed))]
public abstract record CredentialsOfFact;

/// <summary>A tenant, or the platform itself, may own credentials from now on.</summary>
public sealed record OwnerRegistered(Instant At) : CredentialsOfFact;

public sealed record CredentialsListed(IReadOnlyList<string> CredentialIds) : CredentialsOfFact;
