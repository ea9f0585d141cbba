using System.Buffers.Binary;

namespace Retention.Server.Load.Http2;

/// <summary>What the server allows on a connection.</summary>
internal sealed class PeerSettings
{
    public int HeaderTableSize { get; private set; } = 4096;

    public int MaxConcurrentStreams { get; private set; } = int.MaxValue;

    public int InitialWindowSize { get; private set; } = 65_535;

    public void Apply(ReadOnlySpan<byte> payload)
    {
        const int entryLength = 6;
        for (; payload.Length >= entryLength; payload = payload[entryLength..])
        {
            var value = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
            switch ((Setting)BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case Setting.HeaderTableSize:
                    HeaderTableSize = value;
                    break;
                case Setting.MaxConcurrentStreams:
                    MaxConcurrentStreams = value;
                    break;
                case Setting.InitialWindowSize:
                    InitialWindowSize = value;
                    break;
            }
        }
    }
}
