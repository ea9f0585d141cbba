namespace Retention.Simulation.Runs;

/// <summary>xoshiro256** seeded by splitmix64 (https://prng.di.unimi.it): the same numbers on every machine.</summary>
public sealed class Rng
{
    private ulong a;
    private ulong b;
    private ulong c;
    private ulong d;

    public Rng(ulong seed, string stream)
    {
        var state = unchecked((seed * 0x9E3779B97F4A7C15) ^ Kernel.StableHash.Of(stream));
        a = Split(ref state);
        b = Split(ref state);
        c = Split(ref state);
        d = Split(ref state);
    }

    public ulong Next()
    {
        unchecked
        {
            var result = ulong.RotateLeft(b * 5, 7) * 9;
            var shifted = b << 17;
            c ^= a;
            d ^= b;
            b ^= c;
            a ^= d;
            c ^= shifted;
            d = ulong.RotateLeft(d, 45);
            return result;
        }
    }

    /// <summary>0 or more, less than the bound.</summary>
    public int Below(int bound) => (int)(Next() % (uint)bound);

    /// <summary>Both ends inclusive.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    public bool Chance(int perMille) => perMille > 0 && Below(1000) < perMille;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    private static ulong Split(ref ulong state)
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return mixed ^ (mixed >> 31);
        }
    }
}
