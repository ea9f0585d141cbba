using System.Collections.Concurrent;
using System.Text.Json;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Tells the laws what the journal holds. A law that cannot read a fact says so and the others go on. States may be
/// judged from several threads; each law sees one at a time.
/// </summary>
internal sealed class NaiveLaws(IReadOnlyList<INaiveLaw> laws, DifferenceList differences)
{
    private readonly ConcurrentDictionary<string, INaiveLaw[]> concernedBy = [];

    /// <summary>
    /// What decoding and adding up throw over content that nobody wrote; all else is a fault of the program.
    /// </summary>
    public static bool IsBrokenContent(Exception e) => e
        is InvalidOperationException or JsonException or FormatException or ArgumentException or ArithmeticException
        or KeyNotFoundException or InvalidCastException or NullReferenceException or StoreDamagedException
        or IndexOutOfRangeException or TimeZoneNotFoundException;

    public void See(JournalRecord record)
    {
        foreach (var write in record.Writes)
        {
            var concerned = Concerned(write.Grain.Kind);
            for (var index = 0; concerned.Length > 0 && index < write.Facts.Count; index++)
            {
                See(record.Position, write, index, concerned);
            }
        }
    }

    public void Judge(GrainId grain, ReadOnlyMemory<byte> state)
    {
        var concerned = Concerned(grain.Kind);
        if (concerned.Length == 0) return;
        using var json = JsonDocument.Parse(state);
        foreach (var law in concerned)
        {
            try
            {
                lock (law) differences.AddAll(law.Judge(grain, json.RootElement));
            }
            catch (Exception e) when (IsBrokenContent(e))
            {
                Unreadable(grain.ToString(), law.Name, e);
            }
        }
    }

    public void Finish()
    {
        foreach (var law in laws)
        {
            try
            {
                differences.AddAll(law.Finish());
            }
            catch (Exception e) when (IsBrokenContent(e))
            {
                Unreadable("all", law.Name, e);
            }
        }
    }

    private void See(long position, GrainWrite write, int index, INaiveLaw[] concerned)
    {
        try
        {
            using var json = JsonDocument.Parse(write.Facts[index]);
            var type = json.RootElement.GetProperty("$type").GetString() ?? "";
            See(new NaiveFact(position, write.Grain, write.ExpectedVersion + index + 1, type, json.RootElement), concerned);
        }
        catch (Exception e) when (IsBrokenContent(e))
        {
            Unreadable(write.Grain.ToString(), "facts", e);
        }
    }

    private void See(NaiveFact fact, INaiveLaw[] concerned)
    {
        foreach (var law in concerned)
        {
            try
            {
                law.See(fact);
            }
            catch (Exception e) when (IsBrokenContent(e))
            {
                Unreadable(fact.Grain.ToString(), law.Name, e);
            }
        }
    }

    private INaiveLaw[] Concerned(string kind) =>
        concernedBy.GetOrAdd(kind, static (name, all) => [.. all.Where(law => law.Concerns(name))], laws);

    private void Unreadable(string grain, string law, Exception e) =>
        differences.Add(new Difference(grain, law, $"cannot be read ({e.GetType().Name})"));
}
