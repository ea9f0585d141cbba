using Retention.Kernel;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Rpc;

/// <summary>
/// Who calls, as the credential says. The tenant is empty for the platform's own credentials; brand and store are
/// set where the credential is bound to them.
/// </summary>
public sealed record Caller(string TenantId, Role Role, string? BrandId, string? StoreId, string CredentialId)
{
    /// <summary>Where the caller's grains live.</summary>
    public PartitionId Partition => TenantId.Length == 0 ? PartitionId.Platform : PartitionId.Tenant(TenantId);

    /// <summary>The store a request is about: the one it names, else the one the credential is bound to, else empty.</summary>
    public string StoreOr(string asked) => asked.Length > 0 ? asked : StoreId ?? "";
}

public static class CallerOfCall
{
    /// <summary>The caller of an authenticated call. Methods that are open to everyone have none.</summary>
    public static Caller Caller(this CallContext call) => (Caller?)call.Caller
        ?? throw new InvalidOperationException($"{call.Method} is open to everyone and has no caller.");
}
