using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Retention.Transport.Wire;

namespace Retention.Transport;

/// <summary>gRPC-Web: as gRPC, but the trailers are the last frame of the body, where browsers can read them.</summary>
public sealed partial class CallContext
{
    private const byte TrailersFlag = 0x80;

    private void WriteWebTrailers(HeaderDictionary trailers)
    {
        Append(trailers, _trailers);
        var text = new StringBuilder();
        foreach (var (key, values) in trailers)
        {
            var name = key.ToLowerInvariant();
            foreach (var value in values) text.Append(name).Append(':').Append(value).Append("\r\n");
        }

        var block = Encoding.ASCII.GetBytes(text.ToString());
        var writer = Http.Response.BodyWriter;
        var header = writer.GetSpan(Frames.HeaderBytes);
        Frames.WriteHeader(header, false, block.Length);
        header[0] = TrailersFlag;
        writer.Advance(Frames.HeaderBytes);
        writer.Write(block);
    }
}
