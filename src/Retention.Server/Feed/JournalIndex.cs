using System.Collections.Concurrent;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Feed;

/// <summary>
/// Which partitions have commits in which stretch of the journal, learnt by whoever reads a stretch as a whole, so that
/// the next reader skips what does not concern it. Kept in memory alone: the first reader after a start learns anew.
/// </summary>
internal sealed class JournalIndex(int stretchesMax = JournalIndex.StretchesDefault)
{
    public const int StretchLength = 4096;

    /// <summary>400 million commits; what lies beyond is read.</summary>
    public const int StretchesDefault = 100_000;

    private readonly ConcurrentDictionary<PartitionId, PartitionId> shared = [];
    private readonly ConcurrentDictionary<long, PartitionId[]> stretches = [];

    /// <summary>The position from which a reader has to go on: stretches that hold nothing for it are left out.</summary>
    public async ValueTask<long> SkipAsync(long position, Func<PartitionId, ValueTask<bool>> concerns)
    {
        while (stretches.TryGetValue(position / StretchLength, out var partitions))
        {
            foreach (var partition in partitions)
            {
                if (await concerns(partition)) return position;
            }

            position = (position / StretchLength + 1) * StretchLength;
        }

        return position;
    }

    public Lesson Learn(long position) => new(this, position);

    private void Keep(long stretch, IReadOnlyCollection<PartitionId> partitions)
    {
        if (stretches.Count < stretchesMax) stretches[stretch] = [.. partitions.Select(x => shared.GetOrAdd(x, x))];
    }

    /// <summary>What one reader learns on its way. It must see every commit after its position, in order.</summary>
    internal sealed class Lesson(JournalIndex index, long position)
    {
        private readonly HashSet<PartitionId> seen = [];
        private bool isWhole = position % StretchLength == 0;

        public void See(JournalRecord record)
        {
            seen.Add(record.Partition);
            if (record.Position % StretchLength != 0) return;
            if (isWhole) index.Keep(record.Position / StretchLength - 1, seen);
            seen.Clear();
            isWhole = true;
        }
    }
}
