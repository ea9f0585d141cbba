namespace Retention.Kernel;

/// <summary>FNV-1a over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv): equal in every process and version.</summary>
public static class StableHash
{
    private const uint Offset = 2166136261;
    private const uint Prime = 16777619;

    public static uint Of(ReadOnlySpan<char> text, uint seed = Offset)
    {
        unchecked
        {
            var hash = seed;
            foreach (var unit in text)
            {
                hash = (hash ^ unit) * Prime;
            }

            return hash ^ (hash >> 15);
        }
    }
}
