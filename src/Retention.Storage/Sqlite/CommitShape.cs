using Retention.Engine.Ports;

namespace Retention.Storage.Sqlite;

/// <summary>What no commit may look like, whatever the store holds. Checked before anything is judged.</summary>
internal static class CommitShape
{
    public static void Check(IReadOnlyList<Commit> commits)
    {
        foreach (var commit in commits)
        {
            for (var index = 0; index < commit.Writes.Count; index++)
            {
                Check(commit.Writes[index]);
                for (var other = 0; other < index; other++)
                {
                    if (commit.Writes[other].Grain == commit.Writes[index].Grain)
                    {
                        throw new ArgumentException($"A commit writes {commit.Writes[index].Grain} twice.");
                    }
                }
            }
        }
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
