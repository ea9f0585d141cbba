namespace Retention.Server.Verify;

/// <summary>Many small pieces of bytes in few large arrays, which the collector of garbage need not walk.</summary>
internal sealed class ByteChunks
{
    private const int ChunkBytes = 4 << 20;
    private readonly List<byte[]> chunks = [];
    private int used = ChunkBytes;

    public BytePiece Add(ReadOnlySpan<byte> bytes)
    {
        if (used + bytes.Length > ChunkBytes)
        {
            chunks.Add(new byte[Math.Max(ChunkBytes, bytes.Length)]);
            used = 0;
        }

        bytes.CopyTo(chunks[^1].AsSpan(used));
        var piece = new BytePiece(chunks.Count - 1, used, bytes.Length);
        used += bytes.Length;
        return piece;
    }

    public ReadOnlyMemory<byte> this[BytePiece piece] => chunks[piece.Chunk].AsMemory(piece.Offset, piece.Length);
}

/// <summary>Where a piece lies.</summary>
internal readonly record struct BytePiece(int Chunk, int Offset, int Length);
