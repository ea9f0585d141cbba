namespace Retention.Server.Demo.Dataset;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): equal numbers for equal seeds, whatever the runtime's own generator does.
/// </summary>
public sealed class SeededNumbers(ulong seed)
{
    private ulong state = seed;

    /// <summary>A number of at least 0 and less than the bound.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    private ulong Next()
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15;
            var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
