using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;

namespace Retention.Transport.Tests.Support;

/// <summary>One response, with its frames taken apart.</summary>
internal sealed record Reply(
    HttpStatusCode HttpStatus, ILookup<string, string> Headers, byte[] Body, ILookup<string, string> Trailers)
{
    /// <summary>The status stands in the headers and there is no body.</summary>
    public bool IsTrailersOnly => Headers.Contains("grpc-status") && Body.Length == 0 && Trailers.Count == 0;

    public RpcStatus Status => Enum.Parse<RpcStatus>(One("grpc-status"));

    public string Message => Uri.UnescapeDataString(One("grpc-message"));

    public IReadOnlyList<(byte Flag, byte[] Bytes)> Frames
    {
        get
        {
            var frames = new List<(byte, byte[])>();
            for (var rest = Body.AsSpan(); rest.Length > 0;)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
                frames.Add((rest[0], rest.Slice(5, length).ToArray()));
                rest = rest[(5 + length)..];
            }

            return frames;
        }
    }

    public T Only<T>() where T : IMessage<T>, new()
    {
        var message = new T();
        message.MergeFrom(Assert.Single(Frames).Bytes);
        return message;
    }

    public string One(string name) => Assert.Single(Headers[name].Concat(Trailers[name]));

    public static async Task<Reply> From(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        var headers = response.Headers.Concat(response.Content.Headers);
        return new Reply(response.StatusCode, Flat(headers), body, Flat(response.TrailingHeaders));
    }

    private static ILookup<string, string> Flat(
        IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers) => headers
        .SelectMany(header => header.Value.Select(value => (header.Key, Value: value)))
        .ToLookup(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase);
}
