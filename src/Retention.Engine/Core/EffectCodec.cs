using System.Text;
using Retention.Kernel;

namespace Retention.Engine.Core;

/// <summary>How an effect lies in its outbox fact: length of the name (one byte), name, payload.</summary>
public static class EffectCodec
{
    public static ReadOnlyMemory<byte> Encode(Effect effect)
    {
        var length = Encoding.UTF8.GetByteCount(effect.Name);
        var bytes = new byte[1 + length + effect.Payload.Length];
        bytes[0] = checked((byte)length);
        Encoding.UTF8.GetBytes(effect.Name, bytes.AsSpan(1));
        effect.Payload.Span.CopyTo(bytes.AsSpan(1 + length));
        return bytes;
    }

    public static (string Name, ReadOnlyMemory<byte> Payload) Decode(ReadOnlyMemory<byte> fact)
    {
        var length = fact.Span[0];
        return (Encoding.UTF8.GetString(fact.Span.Slice(1, length)), fact[(1 + length)..]);
    }
}
