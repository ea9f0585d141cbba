namespace Retention.Server.Verify;

/// <summary>Many small pieces of bytes in few large arrays, which the collector of garbage need not walk.</summary>
internal sealed class ByteChunks
{
    private const int ChunkBytes = 4 << 20;
    private readonly List<byte[]> chunks = [];
    private int at = -1;
    private int used = ChunkBytes;

    public ReadOnlyMemory<byte> this[BytePiece piece] => chunks[piece.Chunk].AsMemory(piece.Offset, piece.Length);

    public BytePiece Add(ReadOnlySpan<byte> bytes)
    {
        if (at < 0 || used + bytes.Length > chunks[at].Length) MoveOn(bytes.Length);
        bytes.CopyTo(chunks[at].AsSpan(used));
        var piece = new BytePiece(at, used, bytes.Length);
        used += bytes.Length;
        return piece;
    }

    /// <summary>Forgets all pieces and keeps the arrays for others.</summary>
    public void Clear()
    {
        at = -1;
        used = ChunkBytes;
    }

    private void MoveOn(int length)
    {
        at++;
        used = 0;
        if (at == chunks.Count) chunks.Add(new byte[Math.Max(ChunkBytes, length)]);
        else if (chunks[at].Length < length) chunks[at] = new byte[length];
    }
}

/// <summary>Where a piece lies.</summary>
internal readonly record struct BytePiece(int Chunk, int Offset, int Length);
