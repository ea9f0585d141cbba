using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;

namespace Retention.Faults.Wire;

/// <summary>What came back, as it stood on the wire. Status null: no gRPC status came.</summary>
internal sealed record RawAnswer(string? Status, string? Said, byte[] Body, string Headers)
{
    public bool Holds(string text) => Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0 || Headers.Contains(text, StringComparison.Ordinal);
}

/// <summary>One gRPC call with headers that no client would send.</summary>
internal static class RawCall
{
    private static readonly MediaTypeHeaderValue GrpcContent = new("application/grpc");

    public static async Task<RawAnswer> SendAsync(HttpClient http, string method, byte[] message, params IEnumerable<(string Name, string Value)> headers)
    {
        var frame = new byte[5 + message.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        using var content = new ByteArrayContent(frame);
        content.Headers.ContentType = GrpcContent;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/retention.v1." + method)
        {
            Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var response = await http.SendAsync(request);
            var body = await response.Content.ReadAsByteArrayAsync();
            return new RawAnswer(
                Header(response, "grpc-status"), Header(response, "grpc-message") ?? $"HTTP {(int)response.StatusCode}", body,
                $"{response.Headers}{response.TrailingHeaders}");
        }
        catch (HttpRequestException refused)
        {
            return new RawAnswer(null, refused.Message, [], "");
        }
    }

    public static Task<RawAnswer> SendAsync(HttpClient http, string method, IMessage message, string key) =>
        SendAsync(http, method, message.ToByteArray(), ("authorization", "Bearer " + key));

    private static string? Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var trailer) || response.Headers.TryGetValues(name, out trailer)
            ? trailer.First()
            : null;
}
