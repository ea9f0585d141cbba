namespace Retention.Transport.Hosting;

/// <summary>How many bytes of requests all calls together may hold in memory.</summary>
internal sealed class ByteBudget(long limit)
{
    private long _held;

    public long Limit => limit;

    /// <summary>Bytes held now.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>False: nothing is taken, there is no room for so many.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= limit) return true;
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _held, -bytes);
}
