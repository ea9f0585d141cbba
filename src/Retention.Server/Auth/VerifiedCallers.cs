using System.Collections.Concurrent;
using Retention.Server.Rpc;

namespace Retention.Server.Auth;

/// <summary>
/// Callers whose credential was verified moments ago, by the header they send. An entry lives for seconds, so that a
/// revocation on another node holds here soon; one on this node drops it at once. Bounded.
/// </summary>
public sealed class VerifiedCallers(int capacity)
{
    /// <summary>
    /// How long a revocation elsewhere may go unnoticed. Two seconds less than the 5 s that are promised: the credential was read
    /// a moment before, and the call that finds it dead takes its time too.
    /// </summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private long generation;

    /// <summary>Taken before a credential is read: what was read before a revocation is not kept after it.</summary>
    public long Generation => Volatile.Read(ref generation);

    /// <summary>The caller, if it was verified and the entry is still fresh.</summary>
    public Caller? Find(string header, long nowMs) =>
        entries.TryGetValue(header, out var entry) && nowMs < entry.FreshUntilMs ? entry.Caller : null;

    /// <summary>Whether the header was verified before, however long ago.</summary>
    public bool Knows(string header) => entries.ContainsKey(header);

    public void Add(string header, Caller caller, long freshUntilMs, long generationSeen)
    {
        if (entries.Count >= capacity) entries.Clear();
        entries[header] = new Entry(caller, freshUntilMs);

        // A revocation that came in between found nothing to drop.
        if (Generation != generationSeen) entries.TryRemove(header, out _);
    }

    public void Remove(string header) => entries.TryRemove(header, out _);

    public void Forget(string credentialId)
    {
        Interlocked.Increment(ref generation);
        foreach (var (header, entry) in entries)
        {
            if (entry.Caller.CredentialId == credentialId) entries.TryRemove(header, out _);
        }
    }

    private sealed record Entry(Caller Caller, long FreshUntilMs);
}
