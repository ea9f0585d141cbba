using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Credentials;

/// <summary>A credential to be made; its secret is known to the caller only, here is its digest.</summary>
/// <param name="ExpiresAt">Null: the role's default life.</param>
public sealed record NewCredential(
    string CredentialId,
    string TenantId,
    CredentialRole Role,
    string BrandId,
    string StoreId,
    string Digest,
    Instant? ExpiresAt);

/// <param name="Overlap">How long the secret before stays valid.</param>
public sealed record RotateCredential(string Digest, Duration Overlap);

/// <summary>Decides what happens to credentials. Times are the node's: a virtual clock keeps no key alive.</summary>
public static class CredentialDecider
{
    public const int CredentialsMax = 20_000;

    public static readonly Duration OverlapMax = Duration.FromDays(7);

    private static readonly Duration LifeMax = Duration.FromDays(730);

    /// <summary>A till lives a year, everyone else a quarter.</summary>
    public static Duration DefaultLife(CredentialRole role) =>
        Duration.FromDays(role == CredentialRole.Store ? 365 : 90);

    public static Refusal? Fault(NewCredential command, TenantState tenant, Instant now)
    {
        if (command.BrandId.Length > 0 && !tenant.Brands.ContainsKey(command.BrandId))
        {
            return Because(RefusalReason.BrandNotFound, ("brand_id", command.BrandId));
        }

        if (command.StoreId.Length > 0 && tenant.Stores.GetValueOrDefault(command.StoreId)?.BrandId != command.BrandId)
        {
            return Because(RefusalReason.StoreNotFound, ("store_id", command.StoreId));
        }

        if (command.ExpiresAt is not { } expiresAt) return null;
        if (expiresAt <= now) return Invalid("expire_time", "in_the_future");
        return expiresAt > now + LifeMax ? Invalid("expire_time", "at_most_730_days_ahead") : null;
    }

    public static CredentialCreated Create(NewCredential command, Instant now) => new(
        command.CredentialId,
        command.TenantId,
        command.Role,
        command.BrandId,
        command.StoreId,
        command.Digest,
        command.ExpiresAt ?? now + DefaultLife(command.Role),
        now);

    /// <summary>A revoked credential answers as an unknown one: nothing brings it back.</summary>
    public static Decision Decide(CredentialState state, RotateCredential command, Instant now)
    {
        if (!state.Exists || state.RevokedAt is not null) return Unknown();
        if (command.Overlap < Duration.Zero || command.Overlap > OverlapMax) return Invalid("overlap", "from_0_to_7_days");
        Instant? expiresAt = state.ExpiresAt is null ? null : now + DefaultLife(state.Role);
        return Fact(state, new CredentialRotated(command.Digest, now + command.Overlap, expiresAt, now));
    }

    public static Decision Revoke(CredentialState state, Instant now)
    {
        if (!state.Exists) return Unknown();
        return state.RevokedAt is null ? Fact(state, new CredentialRevoked(now)) : Decision.With(state);
    }

    /// <summary>Applies a fact. It decides nothing and cannot refuse: what was stored did happen.</summary>
    public static CredentialState Evolve(CredentialState state, CredentialFact fact) => fact switch
    {
        CredentialCreated e => new CredentialState
        {
            CredentialId = e.CredentialId,
            TenantId = e.TenantId,
            Role = e.Role,
            BrandId = e.BrandId,
            StoreId = e.StoreId,
            CreatedAt = e.At,
            ExpiresAt = e.ExpiresAt,
            Secrets = [new Secret(e.Digest, null)],
        },
        CredentialRotated e => state with
        {
            ExpiresAt = e.ExpiresAt,
            Secrets = [new Secret(e.Digest, null), state.Secrets[0] with { Until = e.OldUntil }],
        },
        CredentialRevoked e => state with { RevokedAt = e.At },
        _ => throw new InvalidOperationException($"Unknown credential event {fact.GetType().Name}."),
    };

    public static CredentialsOfState Evolve(CredentialsOfState state, CredentialsOfFact fact) => fact switch
    {
        OwnerRegistered => state with { Exists = true },
        CredentialsListed e => state with { CredentialIds = state.CredentialIds.Union(e.CredentialIds) },
        _ => throw new InvalidOperationException($"Unknown event {fact.GetType().Name} of a list of credentials."),
    };

    private static Decision Fact(CredentialState state, CredentialFact fact) =>
        Decision.With(Evolve(state, fact)).Change(CredentialGrains.Credential(state.CredentialId), fact);

    private static Refusal Unknown() => Because(RefusalReason.CredentialNotFound);

    private static Refusal Invalid(string field, string rule) =>
        Because(RefusalReason.FieldInvalid, ("field", field), ("rule", rule));
}
