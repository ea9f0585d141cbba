using System.Text;

namespace Retention.Server.Load;

/// <summary>Codes of unique coupons, 18 characters each, side by side in memory: a million of them are 18 MB.</summary>
internal sealed class CodeTable(int count)
{
    public const int Width = 18;

    private readonly byte[] _codes = new byte[(long)count * Width];

    public int Count { get; private set; }

    public void Add(string code)
    {
        if (Encoding.ASCII.GetBytes(code, _codes.AsSpan(Count * Width, Width)) != Width)
        {
            throw new LoadException($"a code of {code.Length} characters, {Width} are known");
        }

        Count++;
    }

    public ReadOnlySpan<byte> At(int index) => _codes.AsSpan(index * Width, Width);
}

/// <summary>A coupon's code.</summary>
/// <param name="which">The index of the code for one call.</param>
internal sealed class CodeField(CodeTable codes, Func<long, int> which) : PatchedField
{
    public override void Write(Span<byte> place, long number) => codes.At(which(number)).CopyTo(place);

    public override string ToString() => new('Z', CodeTable.Width);
}
