using Google.Protobuf;
using Retention.Domain.Credentials;
using Retention.Domain.Tenants;
using Retention.Kernel;
using Retention.Server.Auth;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <content>Credentials. Keys are made here, because decisions are repeatable and secrets must not be.</content>
public sealed partial class TenantService
{
    private const int BatchMax = 500;

    private static readonly NodaTime.Duration OverlapDefault = NodaTime.Duration.FromHours(24);

    private static readonly ProtoReply<CredentialState, RevokeCredentialResponse> RevokedCredential = new(credential =>
        new() { Credential = credential.ToProto() });

    private async ValueTask<CreateCredentialResponse> CreateCredential(CreateCredentialRequest request, CallContext call)
    {
        var spec = new CredentialSpec
        {
            Role = request.Role,
            BrandId = request.BrandId,
            StoreId = request.StoreId,
            ExpireTime = request.ExpireTime,
        };
        var requestId = RequestField.RequestId(request.RequestId);
        var (key, command) = NewCredential(call.Caller(), requestId, 0, spec, "");
        return await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Create(await Owner(call, request), [command]),
            new ProtoReply<CredentialList, CreateCredentialResponse>(list => new()
            {
                Credential = list.Credentials[0].ToProto(),
                ApiKey = key.Reveal(),
            }));
    }

    private async ValueTask<CreateCredentialsResponse> CreateCredentials(
        CreateCredentialsRequest request, CallContext call)
    {
        if (request.Credentials.Count == 0) throw RequestField.Invalid("credentials", "required");
        RequestField.AtMost(request.Credentials, "credentials", BatchMax);
        var requestId = RequestField.RequestId(request.RequestId);
        var made = request.Credentials
            .Select((spec, index) => NewCredential(call.Caller(), requestId, index, spec, $"credentials[{index}]."))
            .ToList();
        return await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Create(await Owner(call, request), [.. made.Select(one => one.Command)]),
            new ProtoReply<CredentialList, CreateCredentialsResponse>(list => new()
            {
                Credentials =
                {
                    list.Credentials.Zip(made, (credential, one) => new IssuedCredential
                    {
                        Credential = credential.ToProto(),
                        ApiKey = one.Key.Reveal(),
                    }),
                },
            }));
    }

    private async ValueTask<RotateCredentialResponse> RotateCredential(
        RotateCredentialRequest request, CallContext call)
    {
        var credentialId = RequestField.Id(request.CredentialId, "credential_id");
        var overlap = request.Overlap is { } asked ? Overlap(asked) : OverlapDefault;
        var key = ApiKey.ForCredential(credentialId);
        var reply = await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Rotate(OwnerId(call), credentialId, new RotateCredential(key.Digest, overlap)),
            new ProtoReply<CredentialState, RotateCredentialResponse>(credential => new()
            {
                Credential = credential.ToProto(),
                ApiKey = key.Reveal(),
            }));
        authentication.Forget(credentialId);
        return reply;
    }

    private async ValueTask<RevokeCredentialResponse> RevokeCredential(
        RevokeCredentialRequest request, CallContext call)
    {
        var credentialId = RequestField.Id(request.CredentialId, "credential_id");
        var reply = await grains.Change(
            call, request, PartitionId.Platform, CredentialTurns.Revoke(OwnerId(call), credentialId), RevokedCredential);
        authentication.Forget(credentialId);
        return reply;
    }

    private async ValueTask<ListCredentialsResponse> ListCredentials(ListCredentialsRequest request, CallContext call)
    {
        var limit = RequestField.PageSize(request.PageSize);
        var after = PageToken.Read(request.PageToken);
        var page = await grains.Read<CredentialList>(
            call, request, PartitionId.Platform, CredentialTurns.List(call.Caller().TenantId, after, limit));
        return new ListCredentialsResponse
        {
            Credentials = { page.Credentials.Select(credential => credential.ToProto()) },
            NextPageToken = PageToken.Write(page.NextAfter),
        };
    }

    // Brands and stores are never taken away, so what is read of the tenant still holds when the turn decides.
    private async ValueTask<TenantState> Owner(CallContext call, IMessage request)
    {
        var caller = call.Caller();
        return caller.TenantId.Length == 0
            ? TenantState.Initial
            : await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
    }

    private static (ApiKey Key, NewCredential Command) NewCredential(
        Caller caller, string requestId, int index, CredentialSpec spec, string prefix)
    {
        var role = CredentialRoles.ToDomain(spec.Role);
        if (role is null || (role == CredentialRole.PlatformAdmin) != (caller.TenantId.Length == 0))
        {
            throw RequestField.Invalid(prefix + "role", "a_role_the_caller_may_give");
        }

        var brandId = RequestField.OptionalId(spec.BrandId, prefix + "brand_id") ?? "";
        var storeId = RequestField.OptionalId(spec.StoreId, prefix + "store_id") ?? "";
        if (brandId.Length == 0 && (role == CredentialRole.Store || storeId.Length > 0))
        {
            throw RequestField.Invalid(prefix + "brand_id", "required");
        }

        var key = ApiKey.ForRequest(caller.TenantId, requestId, index);
        var expiresAt = RequestField.OptionalTime(spec.ExpireTime, prefix + "expire_time");
        return (key, new NewCredential(
            key.CredentialId, caller.TenantId, role.Value, brandId, storeId, key.Digest, expiresAt));
    }

    // The platform reaches the credentials of tenants' admins too.
    private static string? OwnerId(CallContext call) =>
        call.Caller() is { TenantId.Length: > 0 } caller ? caller.TenantId : null;

    private static NodaTime.Duration Overlap(Google.Protobuf.WellKnownTypes.Duration asked)
    {
        if (asked.Nanos is < 0 or > 999_999_999 || asked.Seconds is < 0 or > 604_800)
        {
            throw RequestField.Invalid("overlap", "from_0_to_7_days");
        }

        return NodaTime.Duration.FromSeconds(asked.Seconds).Plus(NodaTime.Duration.FromNanoseconds(asked.Nanos));
    }
}
