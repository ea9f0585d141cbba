namespace Retention.Kernel;

/// <summary>
/// A boundary of atomic change: one tenant, one agreement between two brands, or the platform itself.
/// A turn touches grains of one partition only; between partitions travel effects.
/// </summary>
public readonly record struct PartitionId(string Value)
{
    public static readonly PartitionId Platform = new("p");

    public static PartitionId Tenant(string tenantId) => new("t/" + tenantId);

    public static PartitionId Agreement(string agreementId) => new("a/" + agreementId);

    public bool IsTenant => Value.StartsWith("t/", StringComparison.Ordinal);

    public bool IsAgreement => Value.StartsWith("a/", StringComparison.Ordinal);

    /// <summary>The tenant's or agreement's id; empty for the platform.</summary>
    public string OwnerId => Value.Length > 2 ? Value[2..] : "";

    public override string ToString() => Value;
}
