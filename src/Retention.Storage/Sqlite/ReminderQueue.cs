using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>All reminders that are set, by the moment at which they are due. One per grain and name.</summary>
internal sealed class ReminderQueue
{
    private readonly Lock gate = new();
    private readonly Dictionary<(GrainId Grain, string Name), Reminder> set = [];
    private SortedSet<Reminder> byDue = new(ByDue.Order);

    public int Count
    {
        get
        {
            lock (gate)
            {
                return set.Count;
            }
        }
    }

    public void Note(ReminderChange change)
    {
        lock (gate)
        {
            var place = (change.Grain, change.Name);
            if (set.Remove(place, out var earlier))
            {
                byDue.Remove(earlier);
            }

            if (change.DueAt is { } dueAt)
            {
                var reminder = new Reminder(change.Grain, change.Name, dueAt);
                set.Add(place, reminder);
                byDue.Add(reminder);
            }
        }
    }

    /// <summary>Takes over a whole set at once, which is much faster than one by one.</summary>
    public void Restore(IReadOnlyDictionary<(GrainId Grain, string Name), Instant> reminders)
    {
        lock (gate)
        {
            foreach (var ((grain, name), dueAt) in reminders)
            {
                set.Add((grain, name), new Reminder(grain, name, dueAt));
            }

            byDue = new SortedSet<Reminder>(set.Values, ByDue.Order);
        }
    }

    /// <summary>Due at or before the moment, earliest first.</summary>
    public IReadOnlyList<Reminder> Due(Instant until, int limit)
    {
        lock (gate)
        {
            return [.. byDue.TakeWhile(x => x.DueAt <= until).Take(limit)];
        }
    }

    private sealed class ByDue : IComparer<Reminder>
    {
        public static readonly ByDue Order = new();

        public int Compare(Reminder? x, Reminder? y)
        {
            var order = x!.DueAt.CompareTo(y!.DueAt);
            order = order != 0 ? order : string.CompareOrdinal(x.Grain.Partition.Value, y.Grain.Partition.Value);
            order = order != 0 ? order : string.CompareOrdinal(x.Grain.Kind, y.Grain.Kind);
            order = order != 0 ? order : string.CompareOrdinal(x.Grain.Key, y.Grain.Key);
            return order != 0 ? order : string.CompareOrdinal(x.Name, y.Name);
        }
    }
}
