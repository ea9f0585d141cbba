using System.Collections.Immutable;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offline;

/// <summary>A key pair that signs coupons.</summary>
/// <param name="PublicKey">SubjectPublicKeyInfo of an ECDSA P-256 key, base64.</param>
/// <param name="Sealed">The private key, encrypted under a key that the storage keeps, base64.</param>
/// <param name="RevokedAt">From then on its signatures count no more; null: they do.</param>
public sealed record SigningKey(string KeyId, string PublicKey, string Sealed, Instant MadeAt, Instant? RevokedAt = null);

/// <summary>A tenant's keys, the newest last: it alone signs, the earlier ones are still checked.</summary>
public sealed record SigningKeysState
{
    public const int KeysMax = 100;

    public static readonly SigningKeysState Initial = new();

    public ImmutableArray<SigningKey> Keys { get => field.IsDefault ? [] : field; init; }

    /// <summary>Null: the tenant has none that is not revoked.</summary>
    public SigningKey? Signing => Keys is [.., { RevokedAt: null } newest] ? newest : null;

    public SigningKeysState Evolve(SigningKeyFact fact) => fact switch
    {
        SigningKeyMade made => this with { Keys = Keys.Add(new SigningKey(made.KeyId, made.PublicKey, made.Sealed, made.At)) },
        SigningKeyRevoked revoked => this with
        {
            Keys = [.. Keys.Select(key => key.KeyId == revoked.KeyId ? key with { RevokedAt = revoked.At } : key)],
        },
        _ => throw new InvalidOperationException($"Signing keys know no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to a tenant's signing keys.</summary>
[JsonDerivedType(typeof(SigningKeyMade), "signing-key-made")]
[JsonDerivedType(typeof(SigningKeyRevoked), "signing-key-revoked")]
public abstract record SigningKeyFact;

public sealed record SigningKeyMade(string KeyId, string PublicKey, string Sealed, string Reason, Instant At)
    : SigningKeyFact;

public sealed record SigningKeyRevoked(string KeyId, Instant At) : SigningKeyFact;

/// <param name="RevokesEarlier">Signatures of all keys before count no more, e.g. because one leaked.</param>
public sealed record RotateSigningKey(
    string TenantId, string KeyId, string PublicKey, string Sealed, bool RevokesEarlier, string Reason);

/// <summary>Turns over a tenant's signing keys.</summary>
public static class SigningKeyTurns
{
    public static Decision Rotate(ITurn turn, RotateSigningKey command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var grain = OfflineGrains.Keys(command.TenantId);
        var state = turn.State<SigningKeysState>(grain);
        if (!turn.IsComplete) return Decision.Silent();
        if (state.Keys.Length >= SigningKeysState.KeysMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "signing_keys"), ("maximum", SigningKeysState.KeysMax));
        }

        var now = tenant.Now(turn.Time);
        var facts = new List<SigningKeyFact>();
        if (command.RevokesEarlier)
        {
            facts.AddRange(state.Keys.Where(key => key.RevokedAt is null).Select(key => new SigningKeyRevoked(key.KeyId, now)));
        }

        facts.Add(new SigningKeyMade(command.KeyId, command.PublicKey, command.Sealed, command.Reason, now));
        return Decision.With(facts.Aggregate(state, (keys, fact) => keys.Evolve(fact))).Change(grain, facts);
    }

    public static Decision Get(ITurn turn, string tenantId) =>
        Decision.With(turn.State<SigningKeysState>(OfflineGrains.Keys(tenantId)));
}
