using System.Diagnostics;
using System.Globalization;
using Retention.Engine.Ports;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Tests;

/// <summary>A process that commits as fast as it can and tells each position only after the store said it is done.</summary>
internal static class ChildWriter
{
    public const int Customers = 20;

    /// <summary>What the commit at a position writes: position n is known from n alone.</summary>
    public static Commit Nth(long position) => Some.Commit(
        Some.Ledger($"reply {position}", Some.Key($"{position}")),
        Some.Write(Some.Customer($"{position % Customers}"), (position - 1) / Customers, $"fact {position}")) with
    {
        Reminders = [Some.Remind(Some.Customer($"{position}"), "r", position % 3 == 0 ? null : Some.Noon)],
    };

    public static SqliteOptions Options(string directory) =>
        SqliteSmallLimitsTests.Small(new SqliteOptions { Directory = directory }) with { TailCommits = 100 };

    public static async Task<int> Write(string directory)
    {
        try
        {
            await using var store = SqliteGrainStore.Open(Options(directory));
            for (var size = 1; ; size = (size * 7 % 40) + 1)
            {
                var head = store.Head;
                var batch = Enumerable.Range(1, size).Select(x => Nth(head + x)).ToArray();
                var results = await store.Commit(batch);
                Console.WriteLine(results[^1].Verdict == CommitVerdict.Done ? $"{results[^1].Position}" : $"{results[^1].Verdict}");
            }
        }
        catch (StoreBrokenException)
        {
            Console.WriteLine("broken");
            return 3;
        }
        catch (StoreInUseException refused)
        {
            Console.WriteLine(refused.Message);
            return 4;
        }
    }

    /// <param name="directory">The data directory to write to.</param>
    /// <param name="before">A program, with its arguments, to start the child under.</param>
    public static Process Start(string directory, params string[] before)
    {
        string[] command = [.. before, Path.ChangeExtension(typeof(ChildWriter).Assembly.Location, null), "write", directory];
        return Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = before.Length > 0,
        })!;
    }

    /// <summary>The last position in what a child said.</summary>
    public static long LastPosition(string output) => output.Split('\n')[..^1]
        .Select(x => long.TryParse(x, CultureInfo.InvariantCulture, out var position) ? position : 0).DefaultIfEmpty().Max();

    /// <summary>Every commit up to the store's head is there as it was made, and the head is not before what was acknowledged.</summary>
    public static async Task Check(IGrainStore store, long acknowledged)
    {
        Assert.True(store.Head >= acknowledged, $"acknowledged {acknowledged}, found {store.Head}");
        var records = await store.Journal();
        Assert.Equal(store.Head, records.Count);
        foreach (var record in records)
        {
            var fact = Some.Text(record.Writes[0].Facts[0]);
            Assert.Equal($"fact {record.Position}", fact);
            Assert.Equal(record.Position, (await store.Find(Some.Key($"{record.Position}")))?.Position);
        }

        for (var customer = 0; customer < Customers; customer++)
        {
            var facts = records.Count(x => x.Writes[0].Grain == Some.Customer($"{customer}"));
            Assert.Equal(facts, (await store.Load(Some.Customer($"{customer}"))).Version);
        }

        var due = await store.DueRemindersAsync(Some.Noon, int.MaxValue, Some.Deadline);
        Assert.Equal(records.Count(x => x.Position % 3 != 0), due.Count);
    }
}
