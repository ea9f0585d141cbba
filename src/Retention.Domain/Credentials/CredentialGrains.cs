using System.Text.Json.Serialization;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Credentials;

/// <summary>
/// Credentials live in the platform's partition, because whoever calls is known by them before a tenant is.
/// </summary>
public static class CredentialGrains
{
    public const string CredentialKind = "credential";
    public const string CredentialsOfKind = "credentials-of";

    // No id holds a star.
    private const string PlatformKey = "*";

    public static readonly IGrainKind CredentialGrain = new JsonGrainKind<CredentialState, CredentialFact>(
        CredentialKind,
        CredentialState.Initial,
        CredentialDecider.Evolve,
        CredentialJson.Default.CredentialState,
        CredentialJson.Default.CredentialFact);

    public static readonly IGrainKind CredentialsOfGrain = new JsonGrainKind<CredentialsOfState, CredentialsOfFact>(
        CredentialsOfKind,
        CredentialsOfState.Initial,
        CredentialDecider.Evolve,
        CredentialJson.Default.CredentialsOfState,
        CredentialJson.Default.CredentialsOfFact);

    public static GrainId Credential(string credentialId) => new(PartitionId.Platform, CredentialKind, credentialId);

    /// <summary>The list of a tenant's credentials; of the platform's own for an empty tenant.</summary>
    public static GrainId CredentialsOf(string tenantId) =>
        new(PartitionId.Platform, CredentialsOfKind, tenantId.Length > 0 ? tenantId : PlatformKey);
}

public static class CredentialArea
{
    public static readonly Area Area = new(CredentialGrains.CredentialGrain, CredentialGrains.CredentialsOfGrain);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJson)])]
[JsonSerializable(typeof(CredentialState))]
[JsonSerializable(typeof(CredentialFact))]
[JsonSerializable(typeof(CredentialsOfState))]
[JsonSerializable(typeof(CredentialsOfFact))]
internal sealed partial class CredentialJson : JsonSerializerContext;
