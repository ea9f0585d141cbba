using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>What no commit may look like, whatever the store holds. Checked before anything is judged.</summary>
internal static class CommitShape
{
    private const int FewWrites = 16;

    public static void Check(IReadOnlyList<Commit> commits)
    {
        foreach (var commit in commits)
        {
            for (var index = 0; index < commit.Writes.Count; index++)
            {
                Check(commit.Writes[index]);
            }

            if (WritesTwice(commit.Writes))
            {
                throw new ArgumentException("A commit writes one grain twice.");
            }
        }
    }

    private static bool WritesTwice(IReadOnlyList<GrainWrite> writes)
    {
        if (writes.Count > FewWrites)
        {
            return writes.DistinctBy(x => x.Grain).Count() < writes.Count;
        }

        for (var index = 1; index < writes.Count; index++)
        {
            for (var other = 0; other < index; other++)
            {
                if (writes[other].Grain == writes[index].Grain)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void Check(GrainWrite write)
    {
        GrainKey.Check(write.Grain);
        if (write.Facts.Count == 0 || write.ExpectedVersion < 0)
        {
            throw new ArgumentException($"A write of {write.Grain} has no fact or a negative version.");
        }
    }
}
