using System.Buffers.Binary;
using System.IO.Compression;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Retention.Transport.Tests.Support;

/// <summary>Sends calls as plain HTTP requests, so that a test may send what no gRPC client would.</summary>
internal static class Client
{
    public const string Service = "/grpc.testing.TestService/";

    public static byte[] Frame(IMessage message) => Frame(message.ToByteArray());

    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] Zip(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize)) gzip.Write(plain);
        return packed.ToArray();
    }

    public static Task<Reply> Call(
        this TestHost host, string method, IMessage message, params (string Name, string Value)[] headers) =>
        host.CallRaw(method, Frame(message), headers);

    public static Task<Reply> CallRaw(
        this TestHost host, string method, byte[] body, params (string Name, string Value)[] headers) =>
        Send(host.Grpc, Request(Service + method, body, "application/grpc", headers));

    public static HttpRequestMessage Request(
        string path, byte[] body, string contentType, params (string Name, string Value)[] headers) =>
        Request(path, new ByteArrayContent(body), contentType, headers);

    public static HttpRequestMessage Request(
        string path, HttpContent body, string contentType, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    public static async Task<Reply> Send(HttpClient client, HttpRequestMessage request)
    {
        using var patience = new CancellationTokenSource(Some.Patience);
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        using var response = await client.SendAsync(request, patience.Token);
        return await Reply.From(response);
    }
}
