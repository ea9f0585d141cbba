using System.Text.Json;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Tells the laws what the journal holds. A law that cannot read a fact says so and the others go on.
/// </summary>
internal sealed class NaiveLaws(IReadOnlyList<INaiveLaw> laws, DifferenceList differences)
{
    /// <summary>
    /// What decoding and adding up throw over content that nobody wrote; all else is a fault of the program.
    /// </summary>
    public static bool IsBrokenContent(Exception e) => e
        is InvalidOperationException or JsonException or FormatException or ArgumentException or OverflowException
        or KeyNotFoundException or InvalidCastException or NullReferenceException or StoreDamagedException
        or IndexOutOfRangeException;

    public void See(JournalRecord record)
    {
        foreach (var write in record.Writes)
        {
            var concerned = laws.Where(law => law.Concerns(write.Grain.Kind)).ToArray();
            for (var index = 0; concerned.Length > 0 && index < write.Facts.Count; index++)
            {
                See(record.Position, write, index, concerned);
            }
        }
    }

    public void Judge(GrainId grain, ReadOnlyMemory<byte> state)
    {
        var concerned = laws.Where(law => law.Concerns(grain.Kind)).ToArray();
        if (concerned.Length == 0) return;
        using var json = JsonDocument.Parse(state);
        foreach (var law in concerned)
        {
            Guard(law, grain.ToString(), () => differences.AddAll(law.Judge(grain, json.RootElement)));
        }
    }

    public void Finish()
    {
        foreach (var law in laws)
        {
            Guard(law, "all", () => differences.AddAll(law.Finish()));
        }
    }

    private void See(long position, GrainWrite write, int index, INaiveLaw[] concerned)
    {
        Guard(null, write.Grain.ToString(), () =>
        {
            using var json = JsonDocument.Parse(write.Facts[index]);
            var type = json.RootElement.GetProperty("$type").GetString() ?? "";
            var fact = new NaiveFact(position, write.Grain, write.ExpectedVersion + index + 1, type, json.RootElement);
            foreach (var law in concerned)
            {
                Guard(law, write.Grain.ToString(), () => law.See(fact));
            }
        });
    }

    private void Guard(INaiveLaw? law, string grain, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (IsBrokenContent(e))
        {
            differences.Add(new Difference(grain, law?.Name ?? "facts", $"cannot be read ({e.GetType().Name})"));
        }
    }
}
