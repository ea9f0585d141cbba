using Google.Protobuf.Collections;
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
        var (keys, commands) = await NewCredentials(call, request, request.RequestId, new RepeatedField<CredentialSpec> { spec }, _ => "");
        return await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Create(call.Caller().TenantId, commands),
            new ProtoReply<CredentialList, CreateCredentialResponse>(list => new()
            {
                Credential = list.Credentials[0].ToProto(),
                ApiKey = keys[0].Reveal(),
            }));
    }

    private async ValueTask<CreateCredentialsResponse> CreateCredentials(
        CreateCredentialsRequest request, CallContext call)
    {
        if (request.Credentials.Count == 0) throw RequestField.Invalid("credentials", "required");
        RequestField.AtMost(request.Credentials, "credentials", BatchMax);
        var (keys, commands) = await NewCredentials(
            call, request, request.RequestId, request.Credentials, index => $"credentials[{index}].");
        return await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Create(call.Caller().TenantId, commands),
            new ProtoReply<CredentialList, CreateCredentialsResponse>(list => new()
            {
                Credentials =
                {
                    list.Credentials.Zip(keys, (credential, key) => new IssuedCredential
                    {
                        Credential = credential.ToProto(),
                        ApiKey = key.Reveal(),
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
            CredentialTurns.Rotate(Owner(call), credentialId, new RotateCredential(key.Digest, overlap)),
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
            call, request, PartitionId.Platform, CredentialTurns.Revoke(Owner(call), credentialId), RevokedCredential);
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

    private async ValueTask<(List<ApiKey> Keys, List<NewCredential> Commands)> NewCredentials(
        CallContext call,
        Google.Protobuf.IMessage request,
        string requestId,
        RepeatedField<CredentialSpec> specs,
        Func<int, string> prefix)
    {
        RequestField.RequestId(requestId);
        var caller = call.Caller();
        var bounds = caller.TenantId.Length == 0
            ? TenantState.Initial
            : await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        var keys = new List<ApiKey>(specs.Count);
        var commands = new List<NewCredential>(specs.Count);
        for (var index = 0; index < specs.Count; index++)
        {
            var key = ApiKey.ForRequest(caller.TenantId, requestId, index);
            keys.Add(key);
            commands.Add(ToCommand(caller, bounds, key, specs[index], prefix(index)));
        }

        return (keys, commands);
    }

    // Brands and stores are never taken away, so what is seen here still holds when the credential is made.
    private static NewCredential ToCommand(
        Caller caller, TenantState bounds, ApiKey key, CredentialSpec spec, string prefix)
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

        if (brandId.Length > 0 && !bounds.Brands.ContainsKey(brandId))
        {
            throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.BrandNotFound, ("brand_id", brandId)));
        }

        if (storeId.Length > 0 && bounds.Stores.GetValueOrDefault(storeId)?.BrandId != brandId)
        {
            throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.StoreNotFound, ("store_id", storeId)));
        }

        var expiresAt = RequestField.OptionalTime(spec.ExpireTime, prefix + "expire_time");
        return new NewCredential(
            key.CredentialId, caller.TenantId, role.Value, brandId, storeId, key.Digest, expiresAt);
    }

    // The platform reaches the credentials of tenants' admins too.
    private static string? Owner(CallContext call) =>
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
