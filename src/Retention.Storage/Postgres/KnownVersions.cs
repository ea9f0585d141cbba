namespace Retention.Storage.Postgres;

/// <summary>
/// What a lane knows of the journal without asking: its head after the lane's last batch, and versions that were the newest
/// there. All of it is good for as long as the head stands where the lane left it, because nothing is written without
/// moving it; the append function compares it under its lock. Bounded: grains not used for longest are forgotten first.
/// </summary>
internal sealed class KnownVersions(int limit)
{
    private const long NoHead = -1;

    private Dictionary<Guid, long> recent = [];
    private Dictionary<Guid, long> older = [];

    /// <summary>-1: nothing is known.</summary>
    public long Head { get; set; } = NoHead;

    public int Count => recent.Count + older.Count;

    public bool Is(Guid grain, long version) =>
        (recent.TryGetValue(grain, out var known) || older.TryGetValue(grain, out known)) && known == version;

    /// <summary>Somebody else has written where the head is not the one known.</summary>
    public void MeetHead(long head)
    {
        if (head != Head) Clear();
    }

    public void Learn(Guid grain, long version)
    {
        if (recent.Count >= limit / 2 && !recent.ContainsKey(grain))
        {
            (recent, older) = (older, recent);
            recent.Clear();
        }

        recent[grain] = version;
    }

    public void Forget(Guid grain)
    {
        recent.Remove(grain);
        older.Remove(grain);
    }

    public void Clear()
    {
        Head = NoHead;
        recent.Clear();
        older.Clear();
    }
}
