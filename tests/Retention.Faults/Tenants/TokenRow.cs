using System.Diagnostics;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Retention.Faults.Calls;
using Retention.Faults.Disk;
using Retention.Faults.Matrix;
using Retention.Faults.Wire;
using Retention.Server.Auth;
using Retention.Server.Client;
using Retention.V1;

namespace Retention.Faults.Tenants;

/// <summary>
/// S6: credentials that are wrong in every way there is, and good ones changed at random: all are refused, and all in the
/// same words. A revoked key is dead within 5 s, a rotated one when its overlap ends; the eleventh failure of an address in
/// a minute is told to wait. Control: a good key among the wrong ones is seen.
/// </summary>
internal static class TokenRow
{
    private const string Method = "TenantService/GetTenant";
    private const string Unauthenticated = "16";
    private const string ResourceExhausted = "8";
    private const int FailuresPerMinute = 10;
    private const int HeaderBytes = 4_096;
    private const int AsksMax = 10;
    private static readonly TimeSpan DeadWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Sheet sheet)
    {
        using var folder = new Folder();
        await using var server = await OwnServer.StartAsync(folder.New(), null, "--auth-failures-per-minute", "0");
        using var platform = server.Client();
        using var admin = platform.As((await Shop.OpenAsync(platform, "tokens", customers: 1)).Key);
        var (made, dead) = (await CreateAsync(admin, "good"), await CreateAsync(admin, "dead"));
        await RevokeAsync(admin, dead);
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = server.Endpoint };
        var (good, wrong, random) = (made.ApiKey, new List<string>(), new Random(6));
        var attempts = Battery(good, dead.ApiKey).Concat(Enumerable.Range(0, sheet.Of(1_000, 200_000)).Select(_ => Changed(good, random))).ToList();
        var refused = 0;
        await Shop.Each(attempts, async headers =>
        {
            if (await IsRefusedAsync(http, headers)) Interlocked.Increment(ref refused);
            else lock (wrong) wrong.Add(string.Join(" + ", headers.Select(x => x.Length > 100 ? x[..100] : x)));
        });

        if (await IsRefusedAsync(http, ["Bearer " + good])) wrong.Add("the good key is refused");
        sheet.Add(new Outcome("S6 wrong credentials", attempts.Count, refused, 0, 0, wrong.Count), wrong);
        sheet.Control("S6", !await IsRefusedAsync(http, ["Bearer " + good]), "a good key is not refused");
        await EndingsAsync(sheet, admin, http);
        await LimitAsync(sheet, folder);
    }

    /// <summary>Each is the values of the header; two are two headers.</summary>
    private static IEnumerable<string[]> Battery(string good, string dead)
    {
        var key = ApiKey.Parse(good)!;
        string[] tokens =
        [
            "", "x", good[..^1], good + "0", good.ToUpperInvariant(), good[..^8] + "00000000", good.Replace("rsk_live_", "rsk_test_"),
            good.Replace("rsk_live_", ""), $"{good},{good}", $"\"{good}\"", dead, new string('k', 3_500), new string('k', 100_000),
            good + new string('0', 100_000), ApiKey.Random().Reveal(), ApiKey.ForCredential(key.CredentialId).Reveal(),
            (ApiKey.Random() with { Secret = key.Secret }).Reveal(), ApiKey.ForRequest("tokens", "good", 0).Reveal(),
            Jwt("""{"alg":"none"}"""), Jwt("""{"alg":"HS256","kid":"../../dev/null"}"""), Jwt("""{"alg":"HS256","kid":"' OR 1=1 --"}"""),
            Jwt("""{"alg":"RS256","jku":"http://127.0.0.1:1/keys"}"""), Jwt("""{"alg":"HS256","alg":"none"}"""), "../../bootstrap.key", "' OR ''='", "%00",
        ];
        foreach (var token in tokens) yield return ["Bearer " + token];
        foreach (var header in (string[])["", good, "Basic " + good, "Digest " + good, "Bearer", "Bearer" + good, "BearerBearer " + good, "Bearer Bearer " + good, "Basic YWRtaW46YWRtaW4="])
        {
            yield return [header];
        }

        yield return ["Bearer " + good, "Bearer " + good];
        yield return ["Bearer " + dead, "Bearer " + good];
        yield return [];
    }

    /// <summary>One to three letters replaced, taken out, put in or swapped.</summary>
    private static string[] Changed(string good, Random random)
    {
        var text = new StringBuilder(good);
        do
        {
            for (var left = random.Next(3); left >= 0; left--)
            {
                var at = random.Next(text.Length);
                var letter = (char)random.Next(33, 127);
                switch (random.Next(4))
                {
                    case 0: text[at] = letter; break;
                    case 1: text.Remove(at, 1); break;
                    case 2: text.Insert(at, letter); break;
                    default: (text[at], text[0]) = (text[0], text[at]); break;
                }
            }
        }
        while (text.Equals(good.AsSpan()));
        return ["Bearer " + text];
    }

    private static string Jwt(string header) =>
        $"{Base64(header)}.{Base64("""{"role":"ROLE_PLATFORM_ADMIN","tenant":"tokens","exp":9999999999}""")}.{Base64("signature")}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>By the authentication in its one sentence, or, too long for a header, before it by the transport.</summary>
    private static async Task<bool> IsRefusedAsync(HttpClient http, string[] headers)
    {
        if (headers.All(x => x.Length <= HeaderBytes))
        {
            // Thousands of calls a second that end before they were sent cost a client its connection, which is no answer.
            var answer = await AskAsync(http, headers);
            for (var left = AsksMax; left > 0 && answer.Status is null; left--) answer = await AskAsync(http, headers);
            return answer is { Status: Unauthenticated, Said: "credential invalid", Body.Length: 0 };
        }

        // It costs the connection, which others who ask meanwhile must not share.
        using var own = new HttpClient(new SocketsHttpHandler()) { BaseAddress = http.BaseAddress };
        return (await AskAsync(own, headers)).Status is null or ResourceExhausted;
    }

    private static Task<RawAnswer> AskAsync(HttpClient http, params string[] headers) =>
        RawCall.SendAsync(http, Method, [], headers.Select(value => ("authorization", value)));

    private static async Task EndingsAsync(Sheet sheet, RpcClient admin, HttpClient http)
    {
        var wrong = new List<string>();
        var revoked = await CreateAsync(admin, "revoked");
        if (await IsRefusedAsync(http, ["Bearer " + revoked.ApiKey])) wrong.Add("a new key is refused");
        await RevokeAsync(admin, revoked);
        var diedAfter = await DeadAfterAsync(http, revoked.ApiKey);
        if (diedAfter > DeadWithin) wrong.Add($"a revoked key lived {diedAfter.TotalSeconds:0.0} s");

        var old = await CreateAsync(admin, "rotated");
        var rotatedAt = Stopwatch.GetTimestamp();
        var rotated = await admin.Call<RotateCredentialResponse>("retention.v1.TenantService/RotateCredential", new RotateCredentialRequest
        {
            RequestId = "rotate", CredentialId = old.Credential.CredentialId, Overlap = Duration.FromTimeSpan(Overlap),
        });
        var isOldRefused = await IsRefusedAsync(http, ["Bearer " + old.ApiKey]);
        if (isOldRefused && Stopwatch.GetElapsedTime(rotatedAt) < Overlap) wrong.Add("the old key is refused in its overlap");
        if (await IsRefusedAsync(http, ["Bearer " + rotated.ApiKey])) wrong.Add("the rotated key is refused");
        var overlapped = await DeadAfterAsync(http, old.ApiKey);
        if (overlapped > Overlap + DeadWithin) wrong.Add($"the old key lived {overlapped.TotalSeconds:0.0} s");
        if (await IsRefusedAsync(http, ["Bearer " + rotated.ApiKey])) wrong.Add("the rotated key died with the old one");
        sheet.Add(
            new Outcome("S6 revoked and rotated keys", 2, 2, 0, 0, wrong.Count, string.Create(
                CultureInfo.InvariantCulture, $"(revoked: dead after {diedAfter.TotalMilliseconds:0} ms; rotated with {Overlap.TotalSeconds:0} s: after {overlapped.TotalMilliseconds:0} ms)")),
            wrong);
    }

    private static async Task<TimeSpan> DeadAfterAsync(HttpClient http, string key)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await IsRefusedAsync(http, ["Bearer " + key]) && Stopwatch.GetElapsedTime(startedAt) < Overlap + DeadWithin + DeadWithin)
        {
            await Task.Delay(20);
        }

        return Stopwatch.GetElapsedTime(startedAt);
    }

    /// <summary>With the settings as they are.</summary>
    private static async Task LimitAsync(Sheet sheet, Folder folder)
    {
        await using var server = await OwnServer.StartAsync(folder.New());
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = server.Endpoint };
        var known = ("authorization", "Bearer " + server.Key);
        var (startedAt, statuses, wrong) = (Stopwatch.GetTimestamp(), new List<string?>(), new List<string>());
        await RawCall.SendAsync(http, "TenantService/GetTenant", [], known);
        for (var attempt = 0; attempt < 3 * FailuresPerMinute; attempt++)
        {
            statuses.Add((await AskAsync(http, "Bearer " + ApiKey.Random().Reveal())).Status);
        }

        // The bucket fills again meanwhile.
        var most = FailuresPerMinute + 1 + (int)(Stopwatch.GetElapsedTime(startedAt).TotalMinutes * FailuresPerMinute);
        var judged = statuses.Count(x => x == Unauthenticated);
        if (judged < FailuresPerMinute || judged > most) wrong.Add($"{judged} failures were judged of at most {most}");
        if (statuses.Any(x => x is not (Unauthenticated or ResourceExhausted))) wrong.Add("another status: " + string.Join(' ', statuses.Distinct()));
        if ((await RawCall.SendAsync(http, Method, [], known)).Status is Unauthenticated or ResourceExhausted) wrong.Add("the limit hits a key that is known");
        sheet.Add(new Outcome("S6 guessing", statuses.Count, judged, 0, 0, wrong.Count, $"({judged} judged, the rest told to wait)"), wrong);
    }

    private static Task<CreateCredentialResponse> CreateAsync(RpcClient admin, string id) => admin.Call<CreateCredentialResponse>(
        "retention.v1.TenantService/CreateCredential", new CreateCredentialRequest { RequestId = id, Role = Role.Auditor });

    private static Task<RevokeCredentialResponse> RevokeAsync(RpcClient admin, CreateCredentialResponse made) => admin.Call<RevokeCredentialResponse>(
        "retention.v1.TenantService/RevokeCredential",
        new RevokeCredentialRequest { RequestId = $"revoke-{made.Credential.CredentialId}", CredentialId = made.Credential.CredentialId });
}
