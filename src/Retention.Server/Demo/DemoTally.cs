namespace Retention.Server.Demo;

/// <summary>What became of the campaign redemptions.</summary>
public sealed class DemoTally
{
    private readonly SortedDictionary<string, int> refused = new(StringComparer.Ordinal);

    public int Accepted { get; private set; }

    /// <summary>Second copies that got the first reply.</summary>
    public int Repeated { get; private set; }

    public IReadOnlyDictionary<string, int> Refused => refused;

    public void Accept() => Accepted++;

    public void Repeat() => Repeated++;

    public void Refuse(string reason) => refused[reason] = refused.GetValueOrDefault(reason) + 1;
}
