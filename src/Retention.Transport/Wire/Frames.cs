using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Retention.Transport.Wire;

/// <summary>The five bytes before each message: a flag (0 plain, 1 compressed) and a big-endian length.</summary>
internal static class Frames
{
    public const int HeaderBytes = 5;

    /// <summary>
    /// Takes one frame off <paramref name="buffer"/>. False means that more bytes are needed; a length above the
    /// limit is refused as soon as its five bytes are there.
    /// </summary>
    public static bool TryTake(
        ref ReadOnlySequence<byte> buffer, int limit, out bool isCompressed, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        isCompressed = false;
        if (buffer.Length < HeaderBytes) return false;

        scoped var header = buffer.FirstSpan;
        if (header.Length < HeaderBytes)
        {
            Span<byte> copy = stackalloc byte[HeaderBytes];
            buffer.Slice(0, HeaderBytes).CopyTo(copy);
            header = copy;
        }

        if (header[0] > 1) throw new RpcFailure(RpcStatus.Internal, "The frame has an unknown flag.");
        isCompressed = header[0] == 1;
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)limit) throw TooLarge(limit);
        if (buffer.Length - HeaderBytes < length) return false;

        payload = buffer.Slice(HeaderBytes, (int)length);
        buffer = buffer.Slice(payload.End);
        return true;
    }

    public static void WriteHeader(Span<byte> header, bool isCompressed, int length)
    {
        header[0] = isCompressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
    }

    public static RpcFailure TooLarge(int limit) =>
        new(RpcStatus.ResourceExhausted, $"The message is larger than the limit of {limit} bytes.");

    /// <summary>Unpacks gzip into a rented array and stops at the limit, whatever the packed size promises.</summary>
    public static byte[] Unzip(ReadOnlySequence<byte> packed, int limit, out int length)
    {
        var source = packed.ToArray();
        var target = ArrayPool<byte>.Shared.Rent(limit + 1);
        try
        {
            using var gzip = new GZipStream(new MemoryStream(source, writable: false), CompressionMode.Decompress);
            length = gzip.ReadAtLeast(target.AsSpan(0, limit + 1), limit + 1, throwOnEndOfStream: false);
            if (length > limit) throw TooLarge(limit);
            return target;
        }
        catch (InvalidDataException)
        {
            ArrayPool<byte>.Shared.Return(target);
            throw new RpcFailure(RpcStatus.Internal, "The message is not valid gzip.");
        }
        catch (RpcFailure)
        {
            ArrayPool<byte>.Shared.Return(target);
            throw;
        }
    }

    public static void Zip(ReadOnlySpan<byte> plain, Stream target)
    {
        using var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true);
        gzip.Write(plain);
    }
}
