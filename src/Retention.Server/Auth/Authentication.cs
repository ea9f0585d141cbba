using System.Net;
using Google.Protobuf.Reflection;
using NodaTime;
using Retention.Domain.Credentials;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Auth;

/// <summary>
/// Finds the caller of every call by its API key, and checks that its role may call the method. Whatever is wrong with
/// a credential, the answer is the same. The caller takes part in the share of its tenant.
/// </summary>
public sealed class Authentication(
    IGrainHost grains, MethodRules rules, AuthOptions options, ShareOptions shareOptions, TimeProvider time)
{
    private const string Scheme = "Bearer ";

    private readonly VerifiedCallers verified = new(options.VerifiedCallersMax);
    private readonly TenantShares shares = new(shareOptions, time);
    private readonly FailureLimit<IPAddress> failures = new(options.FailuresPerMinute, time);

    /// <summary>The transport's authenticator. A caller seen moments ago is found without a turn or an allocation.</summary>
    public ValueTask AuthenticateAsync(MethodDescriptor method, CallContext call)
    {
        if (rules.IsOpen(method)) return default;
        var header = call.RequestHeaders.Authorization is [{ } only] ? only : "";
        if (verified.Find(header, NowMs) is not { } caller) return VerifyAsync(method, call, header);
        Admit(method, call, caller);
        return default;
    }

    /// <summary>Lets no cached verdict outlive a change of the credential.</summary>
    public void Forget(string credentialId) => verified.Forget(credentialId);

    private long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private void Admit(MethodDescriptor method, CallContext call, Caller caller)
    {
        if (!rules.Allows(method, caller.Role)) throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.RoleNotAllowed));
        call.Caller = caller;
        call.Share = shares.Of(caller.TenantId);
    }

    private async ValueTask VerifyAsync(MethodDescriptor method, CallContext call, string header)
    {
        if (header.Length == 0) throw Invalid();
        var address = AddressOf(call);
        if (!verified.Knows(header) && !failures.MayTry(address))
        {
            throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.TooManyFailures));
        }

        if (await FindAsync(header, call) is not { } caller)
        {
            verified.Remove(header);
            failures.Count(address);
            throw Invalid();
        }

        Admit(method, call, caller);
    }

    private async ValueTask<Caller?> FindAsync(string header, CallContext call)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        if (ApiKey.Parse(header.AsSpan(Scheme.Length)) is not { } key) return null;

        var generation = verified.Generation;
        var command = new Command(PartitionId.Platform, [], 0, CredentialTurns.Find(key.CredentialId));
        var credential = (CredentialState)Asking.Granted(await grains.AskAsync(command, call.Cancellation));
        var now = grains.Now;
        var secret = credential.Secrets.FirstOrDefault(secret => key.Matches(secret.Digest));
        if (secret is null || !credential.IsAlive(now) || secret.Until <= now) return null;

        var caller = CallerOf(credential);
        verified.Add(header, caller, NowMs + (long)FreshFor(credential, secret, now).TotalMilliseconds, generation);
        return caller;
    }

    private static TimeSpan FreshFor(CredentialState credential, Secret secret, Instant now)
    {
        var ends = new[] { credential.ExpiresAt, secret.Until, now + Duration.FromTimeSpan(VerifiedCallers.FreshFor) };
        return (ends.Min()!.Value - now).ToTimeSpan();
    }

    private static Caller CallerOf(CredentialState credential) => new(
        credential.TenantId,
        CredentialRoles.ToProto(credential.Role),
        credential.BrandId.Length > 0 ? credential.BrandId : null,
        credential.StoreId.Length > 0 ? credential.StoreId : null,
        credential.CredentialId);

    private static IPAddress AddressOf(CallContext call) =>
        call.Peer is { } peer && IPEndPoint.TryParse(peer, out var endpoint) ? endpoint.Address : IPAddress.None;

    private static RpcFailure Invalid() => ErrorMap.ToFailure(Refusal.Because(RefusalReason.CredentialInvalid));
}
