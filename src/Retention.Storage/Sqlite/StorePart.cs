using System.Text;
using Retention.Kernel;

namespace Retention.Storage.Sqlite;

/// <summary>
/// One of several parts of all grains, so that an audit holds one part at a time in memory. A grain is in one part,
/// whichever record names it.
/// </summary>
/// <param name="Number">From 0.</param>
public readonly record struct StorePart(int Number, int Parts)
{
    public bool Holds(GrainId grain) => Holds(Encoding.UTF8.GetBytes(grain.Kind), Encoding.UTF8.GetBytes(grain.Key));

    internal bool Holds(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> key) =>
        Parts == 1 || Checksum.Of(Checksum.Of(0, kind), key) % (uint)Parts == (uint)Number;
}
