namespace Retention.Storage;

/// <summary>One key per person, beside the journal: what is destroyed here is gone, whatever copies of the journal exist.</summary>
public interface IPersonKeyStore : IDisposable
{
    /// <summary>The person's key; it is durable before it is given.</summary>
    ValueTask<byte[]> GetOrCreateAsync(string tenantId, string customerId, CancellationToken stop);

    /// <summary>Null when the person never had a key or it is destroyed.</summary>
    ValueTask<byte[]?> FindAsync(string tenantId, string customerId, CancellationToken stop);

    ValueTask DestroyAsync(string tenantId, string customerId, CancellationToken stop);
}
