using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Domain.Credentials;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Auth;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>A tenant and its parts. Turns messages into commands and answers into messages; decides nothing.</summary>
public sealed partial class TenantService(IGrainHost grains, Authentication authentication) : IRpcService
{
    private const int NameLengthMax = 200;

    private static readonly ProtoReply<TenantState, UpdateProgramResponse> UpdatedProgram = new(tenant =>
        new() { Program = tenant.Program.ToProto(), Etag = tenant.Program.Etag() });

    private static readonly ProtoReply<TenantState, AdvanceClockResponse> AdvancedClock = new(tenant =>
        new() { CurrentTime = tenant.VirtualNow.ToProto() });

    public ServiceDescriptor Descriptor => TenantServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<CreateTenantRequest, CreateTenantResponse>(nameof(CreateTenant), CreateTenant)
        .Unary<GetTenantRequest, GetTenantResponse>(nameof(GetTenant), GetTenant)
        .Unary<CreateBrandRequest, CreateBrandResponse>(nameof(CreateBrand), CreateBrand)
        .Unary<CreateStoreRequest, CreateStoreResponse>(nameof(CreateStore), CreateStore)
        .Unary<CreateLegalEntityRequest, CreateLegalEntityResponse>(nameof(CreateLegalEntity), CreateLegalEntity)
        .Unary<GetProgramRequest, GetProgramResponse>(nameof(GetProgram), GetProgram)
        .Unary<UpdateProgramRequest, UpdateProgramResponse>(nameof(UpdateProgram), UpdateProgram)
        .Unary<AdvanceClockRequest, AdvanceClockResponse>(nameof(AdvanceClock), AdvanceClock)
        .Unary<CreateCredentialRequest, CreateCredentialResponse>(nameof(CreateCredential), CreateCredential)
        .Unary<CreateCredentialsRequest, CreateCredentialsResponse>(nameof(CreateCredentials), CreateCredentials)
        .Unary<RotateCredentialRequest, RotateCredentialResponse>(nameof(RotateCredential), RotateCredential)
        .Unary<RevokeCredentialRequest, RevokeCredentialResponse>(nameof(RevokeCredential), RevokeCredential)
        .Unary<ListCredentialsRequest, ListCredentialsResponse>(nameof(ListCredentials), ListCredentials);

    // The platform's commit holds registration, credential and the effect that creates the tenant in its own partition.
    // A crash before it leaves nothing, one after it leaves an effect that is delivered; the reply waits until it is.
    private async ValueTask<CreateTenantResponse> CreateTenant(CreateTenantRequest request, CallContext call)
    {
        var requestId = RequestField.RequestId(request.RequestId);
        var tenant = new CreateTenant(
            RequestField.Id(request.TenantId, "tenant_id"),
            RequestField.Text(request.DisplayName, "display_name", NameLengthMax),
            RequestField.Currency(request.CurrencyCode, "currency_code"),
            RequestField.TimeZone(request.TimeZone, "time_zone"),
            RequestField.OptionalTime(request.VirtualStartTime, "virtual_start_time"),
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var key = ApiKey.ForRequest("", requestId, 0);
        var admin = new NewCredential(
            key.CredentialId, tenant.TenantId, CredentialRole.TenantAdmin, "", "", key.Digest, null);

        var now = grains.Now;
        var reply = await grains.Change(
            call,
            request,
            PartitionId.Platform,
            CredentialTurns.Register(tenant, admin),
            new ProtoReply<RegisteredTenant, CreateTenantResponse>(registered => new()
            {
                Tenant = registered.Tenant.ToProto(now),
                AdminApiKey = key.Reveal(),
                AdminCredential = registered.Admin.ToProto(),
            }));
        await AwaitTenant(tenant.TenantId, call);
        return reply;
    }

    private async ValueTask AwaitTenant(string tenantId, CallContext call)
    {
        var exists = new Command(
            PartitionId.Tenant(tenantId), [], 0, TenantTurns.On(tenantId, tenant => Decision.With(tenant.Exists)));
        while (true)
        {
            var head = grains.Journal.Head;
            if ((bool)Asking.Granted(await grains.AskAsync(exists, call.Cancellation))) return;
            await grains.Journal.WaitBeyondAsync(head, call.Cancellation);
        }
    }

    private async ValueTask<GetTenantResponse> GetTenant(GetTenantRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (tenant, position) = await grains.ReadAt<TenantState>(
            call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        return new GetTenantResponse
        {
            Tenant = tenant.ToProto(grains.Now),
            Brands = { tenant.Brands.Values.Select(brand => brand.ToProto()) },
            PendingEffects = grains.PendingEffectCount(caller.Partition),
            Position = position,
        };
    }

    private ValueTask<CreateBrandResponse> CreateBrand(CreateBrandRequest request, CallContext call)
    {
        var command = new CreateBrand(
            RequestField.Id(request.BrandId, "brand_id"),
            RequestField.Text(request.DisplayName, "display_name", NameLengthMax));
        return ChangeTenant(
            call,
            request,
            tenant => TenantDecider.Decide(tenant, command),
            new ProtoReply<TenantState, CreateBrandResponse>(tenant =>
                new() { Brand = tenant.Brands[command.BrandId].ToProto() }));
    }

    private ValueTask<CreateStoreResponse> CreateStore(CreateStoreRequest request, CallContext call)
    {
        var command = new CreateStore(
            RequestField.Id(request.StoreId, "store_id"),
            RequestField.Id(request.BrandId, "brand_id"),
            RequestField.Text(request.DisplayName, "display_name", NameLengthMax),
            request.TimeZone.Length > 0 ? RequestField.TimeZone(request.TimeZone, "time_zone") : "",
            RequestField.OptionalId(request.EntityId, "entity_id") ?? "",
            RequestField.OptionalId(request.ParentId, "parent_id") ?? "");
        return ChangeTenant(
            call,
            request,
            tenant => TenantDecider.Decide(tenant, command),
            new ProtoReply<TenantState, CreateStoreResponse>(tenant =>
                new() { Store = tenant.Stores[command.StoreId].ToProto() }));
    }

    private ValueTask<CreateLegalEntityResponse> CreateLegalEntity(CreateLegalEntityRequest request, CallContext call)
    {
        var country = RequestField.Text(request.Country, "country", 2);
        if (country.Length != 2 || !country.All(char.IsAsciiLetterUpper))
        {
            throw RequestField.Invalid("country", "two_capital_letters");
        }

        var command = new CreateLegalEntity(
            RequestField.Id(request.EntityId, "entity_id"),
            RequestField.Text(request.DisplayName, "display_name", NameLengthMax),
            RequestField.OptionalText(request.VatId, "vat_id", 32),
            country);
        return ChangeTenant(
            call,
            request,
            tenant => TenantDecider.Decide(tenant, command),
            new ProtoReply<TenantState, CreateLegalEntityResponse>(tenant =>
                new() { Entity = tenant.Entities[command.EntityId].ToProto() }));
    }

    private async ValueTask<GetProgramResponse> GetProgram(GetProgramRequest request, CallContext call)
    {
        var caller = call.Caller();
        var tenant = await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        return new GetProgramResponse { Program = tenant.Program.ToProto(), Etag = tenant.Program.Etag() };
    }

    private ValueTask<UpdateProgramResponse> UpdateProgram(UpdateProgramRequest request, CallContext call)
    {
        if (request.Program is null) throw RequestField.Invalid("program", "required");
        if (request.UpdateMask is not { Paths.Count: > 0 }) throw RequestField.Invalid("update_mask", "required");
        var fields = RequestField.AtMost(request.UpdateMask.Paths, "update_mask", 20);
        var command = new UpdateProgram(
            request.Program.ToDomain(), [.. fields], TenantMessages.VersionOf(request.Etag));
        return ChangeTenant(call, request, tenant => TenantDecider.Decide(tenant, command), UpdatedProgram);
    }

    private ValueTask<AdvanceClockResponse> AdvanceClock(AdvanceClockRequest request, CallContext call)
    {
        var command = new AdvanceClock(RequestField.Time(request.ToTime, "to_time"));
        return ChangeTenant(call, request, tenant => TenantDecider.Decide(tenant, command), AdvancedClock);
    }

    private ValueTask<TResponse> ChangeTenant<TResponse>(
        CallContext call,
        IMessage request,
        Func<TenantState, Decision> decide,
        ProtoReply<TResponse> format)
        where TResponse : class, IMessage<TResponse>, new()
    {
        var caller = call.Caller();
        return grains.Change(call, request, caller.Partition, TenantTurns.On(caller.TenantId, decide), format);
    }
}
