using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Server.Client;
using Retention.Transport;
using Retention.V1;

namespace Retention.Faults.Wire;

/// <summary>
/// L9: TLS as an attacker uses it. Handshakes in floods and handshakes that stop, old versions, no ALPN, certificates that
/// nobody asked for. They are refused or come to nothing; a good client goes on, and a new one gets its connection.
/// </summary>
internal static class TlsRow
{
    private const byte Alert = 21, Handshake = 22;
    private const int AtOnce = 4;
    private const int Turns = 3;
    private const int Stopped = 96;
    private static readonly TimeSpan NewClientWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        var (certificate, key) = Write(folder.New());
        await using var server = await OwnServer.StartAsync(folder.New(), null, "--tls-cert", certificate, "--tls-key", key);
        using var http = NewHttp(server.Endpoint);
        var good = new GoodClient(() => server.Endpoint, server.Key, pauseMs: 5);
        Task Ask(string id) => AskAsync(http, server.Key);
        await good.DuringAsync(() => Task.Delay(1_000), Ask);
        (string Name, Func<Task<string[]>> Run)[] attacks =
        [
            ("L9 old versions", () => OldVersionsAsync(server.Endpoint)),
            ("L9 no ALPN", () => WithoutAlpnAsync(server.Endpoint)),
            ("L9 certificates of clients", () => CertificatesAsync(server.Endpoint)),
            ("L9 handshakes that stop", () => StoppedAsync(server)),
            ("L9 flood of handshakes", () => FloodAsync(server.Endpoint, TimeSpan.FromSeconds(sheet.Of(3, 30)))),
        ];
        foreach (var (name, attack) in attacks)
        {
            var (wrong, told, answered) = (new List<string>(), "", 0);

            // Other work on the machine only makes answers slower: a turn within the bar shows that the server can.
            for (var turn = 0; turn < Turns; turn++)
            {
                var calm = await good.DuringAsync(() => Task.Delay(500), Ask);
                string[] faults = [];
                var before = server.MemoryKilobytes();
                var during = await good.DuringAsync(async () => faults = await attack(), Ask);
                answered += during.Calls;
                told = string.Create(CultureInfo.InvariantCulture, $"median {calm.MedianMs:0.0} -> {during.MedianMs:0.0} ms");
                wrong.AddRange(faults);
                if (during.Errors > 0) wrong.Add($"{during.Errors} of {during.Calls} good calls failed");
                if (server.MemoryKilobytes() - before > 300 << 10) wrong.Add("memory grew by more than 300 MiB");
                if (server.HasExited) wrong.Add($"the server ended with {server.ExitCode}");
                if (wrong.Count > 0 || during.MedianMs <= Math.Max(3 * calm.MedianMs, calm.MedianMs + 40)) break;
                if (turn == Turns - 1) wrong.Add(told);
            }

            sheet.Add(new Outcome(name, 1, answered, 0, 0, wrong.Count, $"({told})"), wrong);
        }

        sheet.Control(
            "L9", await FirstByteAsync(server.Endpoint, Hello(3, 3, supported: [3, 4])) == Handshake,
            "the same greeting that also offers TLS 1.3 is answered");
    }

    /// <summary>A greeting of TLS 1.1, and one of 1.2, from raw bytes: no library here would send them.</summary>
    private static async Task<string[]> OldVersionsAsync(Uri server)
    {
        var wrong = new List<string>();
        foreach (byte minor in (byte[])[1, 2, 3])
        {
            var first = await FirstByteAsync(server, Hello(3, minor, supported: []));
            if (first is not (Alert or null)) wrong.Add($"TLS 1.{minor - 1} is answered with {first}");
        }

        return [.. wrong];
    }

    private static async Task<string[]> WithoutAlpnAsync(Uri server)
    {
        using var client = await ConnectAsync(server);
        await using var tls = new SslStream(client.GetStream(), false, IsOurs);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" });
        await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray());
        var answer = new byte[512];
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var read = await tls.ReadAsync(answer, patience.Token);

            // Over HTTP/1.1 all gRPC is refused; to its preface Kestrel says that it does not speak HTTP/2 here.
            return read == 0 || answer.AsSpan(0, read).StartsWith("HTTP/1.1 "u8) || IsSentAway(answer.AsSpan(0, read))
                ? []
                : [$"HTTP/2 is spoken without ALPN: {Convert.ToHexString(answer, 0, read)}"];
        }
        catch (IOException)
        {
            return [];
        }
    }

    // GOAWAY for the reason that HTTP/1.1 is required.
    private static bool IsSentAway(ReadOnlySpan<byte> frames)
    {
        const int header = 9, reasonAt = 16, http11Required = 13;
        while (frames.Length >= header)
        {
            if (frames[3] == 7) return frames.Length > reasonAt && frames[reasonAt] == http11Required;
            frames = frames[Math.Min(frames.Length, header + ((frames[0] << 16) | (frames[1] << 8) | frames[2]))..];
        }

        return false;
    }

    /// <summary>Ours is a server that asks for none: what a client offers is not taken, however it looks.</summary>
    private static async Task<string[]> CertificatesAsync(Uri server)
    {
        var now = DateTimeOffset.UtcNow;
        var wrong = new List<string>();
        (string Name, X509Certificate2 Certificate)[] offers =
        [
            ("self-signed", Make(now.AddDays(-1), now.AddDays(1), names: 1)),
            ("expired", Make(now.AddDays(-9), now.AddDays(-8), names: 1)),
            ("of 100 KB", Make(now.AddDays(-1), now.AddDays(1), names: 4_000)),
        ];
        foreach (var (name, certificate) in offers)
        {
            using var client = await ConnectAsync(server);
            await using var tls = new SslStream(client.GetStream(), false, IsOurs);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2], ClientCertificates = [certificate],
            });
            if (tls.IsMutuallyAuthenticated) wrong.Add($"a certificate {name} was taken");
            certificate.Dispose();
        }

        return [.. wrong];
    }

    /// <summary>Greetings whose end never comes, more than may shake hands at once; meanwhile somebody new calls.</summary>
    private static async Task<string[]> StoppedAsync(OwnServer server)
    {
        var (open, slowest, wrong) = (new List<TcpClient>(), 0.0, new List<string>());
        for (var wave = 0; wave < 4; wave++)
        {
            for (var number = 0; number < Stopped; number++)
            {
                var client = await ConnectAsync(server.Endpoint);
                if (number % 3 == 1) await client.GetStream().WriteAsync(Hello(3, 3, supported: [3, 4]).AsMemory(0, 20));
                if (number % 3 == 2) await client.GetStream().WriteAsync(Hello(3, 3, supported: [3, 4]));
                open.Add(client);
            }

            using var http = NewHttp(server.Endpoint);
            var began = Stopwatch.GetTimestamp();
            await AskAsync(http, server.Key);
            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        foreach (var client in open) client.Dispose();
        if (slowest > NewClientWithin.TotalSeconds) wrong.Add($"a new client waited for {slowest:0.0} s");
        return [.. wrong];
    }

    private static async Task<string[]> FloodAsync(Uri server, TimeSpan time)
    {
        var (until, done) = (Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), 0);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetTimestamp() < until)
            {
                try
                {
                    using var client = await ConnectAsync(server);
                    await using var tls = new SslStream(client.GetStream(), false, IsOurs);
                    await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                    {
                        TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2], AllowTlsResume = false,
                    });
                    Interlocked.Increment(ref done);
                }
                catch (Exception refused) when (refused is IOException or AuthenticationException or SocketException)
                {
                }
            }
        })));
        return done > 0 ? [] : ["no handshake of the flood came to an end"];
    }

    private static async Task<byte?> FirstByteAsync(Uri server, byte[] hello)
    {
        using var client = await ConnectAsync(server);
        using var patience = new CancellationTokenSource(Patience);
        var answer = new byte[1];
        try
        {
            await client.GetStream().WriteAsync(hello, patience.Token);
            return await client.GetStream().ReadAsync(answer, patience.Token) == 1 ? answer[0] : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task<TcpClient> ConnectAsync(Uri server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        return client;
    }

    private static HttpClient NewHttp(Uri server) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = IsOurs },
    })
    { BaseAddress = server, Timeout = Patience };

    private static async Task AskAsync(HttpClient http, string key)
    {
        using var content = new ByteArrayContent(RpcFrame.Of(new GetOperationRequest { RequestId = "nothing" }));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/retention.v1.OperationService/GetOperation")
        {
            Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("authorization", "Bearer " + key);
        using var response = await http.SendAsync(request);
        await response.Content.CopyToAsync(Stream.Null);
        if (!response.TrailingHeaders.TryGetValues("grpc-status", out var status) && !response.Headers.TryGetValues("grpc-status", out status))
        {
            throw new HttpRequestException("no status");
        }

        if (status.First() != "0") throw new RpcCallException((RpcStatus)int.Parse(status.First(), CultureInfo.InvariantCulture), "refused");
    }

    /// <summary>A client's greeting: its version, a few suites, a key share of P-256, and the versions it supports, if it says so.</summary>
    private static byte[] Hello(byte major, byte minor, byte[] supported)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = ephemeral.ExportParameters(false).Q;
        byte[] share = [4, .. point.X!, .. point.Y!];
        List<byte> extensions =
        [
            0, 10, 0, 4, 0, 2, 0, 23, // supported groups: P-256
            0, 13, 0, 6, 0, 4, 4, 3, 8, 4, // signatures: ECDSA with SHA-256, RSA-PSS
            0, 16, 0, 5, 0, 3, 2, (byte)'h', (byte)'2',
        ];
        if (supported.Length > 0)
        {
            extensions.AddRange([0, 43, 0, 3, 2, .. supported]);
            extensions.AddRange([0, 51, .. Two(share.Length + 6), .. Two(share.Length + 4), 0, 23, .. Two(share.Length), .. share]);
        }

        byte[] suites = [0x13, 1, 0x13, 2, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 9, 0xc0, 0x13, 0, 0x2f];
        byte[] body =
        [
            major, minor, .. RandomNumberGenerator.GetBytes(32), 0, .. Two(suites.Length), .. suites, 1, 0,
            .. Two(extensions.Count), .. extensions,
        ];
        byte[] message = [1, 0, .. Two(body.Length), .. body];
        return [Handshake, 3, 1, .. Two(message.Length), .. message];
    }

    // The row's own, which nobody else signed.
    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.Subject == "CN=localhost";

    private static byte[] Two(int number) => [(byte)(number >> 8), (byte)number];

    private static (string Certificate, string Key) Write(string directory)
    {
        using var certificate = Make(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1), names: 1);
        using var key = certificate.GetECDsaPrivateKey()!;
        var paths = (Path.Combine(directory, "cert.pem"), Path.Combine(directory, "key.pem"));
        File.WriteAllText(paths.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(paths.Item2, key.ExportPkcs8PrivateKeyPem());
        return paths;
    }

    private static X509Certificate2 Make(DateTimeOffset from, DateTimeOffset until, int names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        for (var name = 0; name < names; name++) alternatives.AddDnsName($"name-{name}.localhost");
        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(from, until);
    }
}
