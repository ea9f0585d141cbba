using System.Collections.Immutable;
using Google.Protobuf.Reflection;
using Retention.Domain.Customers;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Persons;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Customers. Turns messages into commands and answers into messages, and seals what names a person; decides nothing.</summary>
public sealed partial class CustomerService(IGrainHost grains, IPersonKeys persons) : IRpcService
{
    private const int ReasonLengthMax = 200;

    private static readonly ProtoReply<CustomerView, EnrollCustomerResponse> Enrolled =
        new(view => new() { Customer = view.ToProto() });

    private static readonly ProtoReply<CustomerView, ReplaceCardResponse> Replaced =
        new(view => new() { Customer = view.ToProto() });

    private static readonly ProtoReply<CustomerView, BlockCardResponse> Blocked =
        new(view => new() { Customer = view.ToProto() });

    private static readonly ProtoReply<CustomerView, ChangeProfileResponse> ProfileChanged =
        new(view => new() { Customer = view.ToProto() });

    private static readonly ProtoReply<CustomerView, ChangeConsentResponse> ConsentChanged =
        new(view => new() { Customer = view.ToProto() });

    private static readonly ProtoReply<CustomerView, EraseCustomerResponse> Erased =
        new(view => new() { Customer = view.ToProto() });

    private readonly Places places = new(grains);

    public ServiceDescriptor Descriptor => CustomerServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<EnrollCustomerRequest, EnrollCustomerResponse>(nameof(EnrollCustomer), EnrollCustomer)
        .Unary<GetCustomerRequest, GetCustomerResponse>(nameof(GetCustomer), GetCustomer)
        .Unary<FindCustomerRequest, FindCustomerResponse>(nameof(FindCustomer), FindCustomer)
        .Unary<GetCounterViewRequest, GetCounterViewResponse>(nameof(GetCounterView), GetCounterView)
        .Unary<ReplaceCardRequest, ReplaceCardResponse>(nameof(ReplaceCard), ReplaceCard)
        .Unary<BlockCardRequest, BlockCardResponse>(nameof(BlockCard), BlockCard)
        .Unary<ChangeProfileRequest, ChangeProfileResponse>(nameof(ChangeProfile), ChangeProfile)
        .Unary<ChangeConsentRequest, ChangeConsentResponse>(nameof(ChangeConsent), ChangeConsent)
        .Unary<ListHistoryRequest, ListHistoryResponse>(nameof(ListHistory), ListHistory)
        .Unary<EraseCustomerRequest, EraseCustomerResponse>(nameof(EraseCustomer), EraseCustomer)
        .Unary<CreateLinkTokenRequest, CreateLinkTokenResponse>(nameof(CreateLinkToken), CreateLinkToken)
        .Unary<LinkCustomerRequest, LinkCustomerResponse>(nameof(LinkCustomer), LinkCustomer)
        .Unary<UnlinkCustomerRequest, UnlinkCustomerResponse>(nameof(UnlinkCustomer), UnlinkCustomer)
        .Unary<LogContactRequest, LogContactResponse>(nameof(LogContact), LogContact);

    private async ValueTask<EnrollCustomerResponse> EnrollCustomer(EnrollCustomerRequest request, CallContext call)
    {
        var caller = call.Caller();
        var requestId = RequestField.RequestId(request.RequestId);
        var customerId = RequestField.OptionalId(request.CustomerId, "customer_id")
            ?? CustomerIds.OfRequest(caller.TenantId, requestId);
        var profile = CustomerMessages.Profile(request.Profile);
        var keys = ImmutableArray.CreateBuilder<(CustomerKeyKind, string)>();
        if (request.CardNumber.Length > 0)
        {
            keys.Add((CustomerKeyKind.Card, LoyaltyMessages.CardNumber(request.CardNumber, "card_number")));
        }

        keys.AddRange(profile.Keys());
        var consents = CustomerMessages.Consents(request.Consents);
        var origin = await places.AnywhereAsync(call, request.StoreId, request.TillId, request.CashierId);
        var sealedProfile = await SealAsync(new PersonId(caller.TenantId, customerId), profile, call);
        var command = new EnrollCustomer(customerId, keys.ToImmutable(), sealedProfile, consents, origin);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CustomerTurns.Enroll(turn, caller.TenantId, command),
            Enrolled);
    }

    private async ValueTask<ReplaceCardResponse> ReplaceCard(ReplaceCardRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new ReplaceCard(
            RequestField.Id(request.CustomerId, "customer_id"),
            request.CardNumber.Length == 0 ? null : LoyaltyMessages.CardNumber(request.CardNumber, "card_number"),
            LoyaltyMessages.CardNumber(request.NewCardNumber, "new_card_number"),
            Reason(request.Reason),
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CustomerTurns.Replace(turn, caller.TenantId, command),
            Replaced);
    }

    private async ValueTask<BlockCardResponse> BlockCard(BlockCardRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new BlockCard(
            LoyaltyMessages.CardNumber(request.CardNumber, "card_number"),
            Reason(request.Reason),
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call, request, caller.Partition, turn => CustomerTurns.Block(turn, caller.TenantId, command), Blocked);
    }

    private async ValueTask<ChangeProfileResponse> ChangeProfile(ChangeProfileRequest request, CallContext call)
    {
        var caller = call.Caller();
        var customerId = RequestField.Id(request.CustomerId, "customer_id");
        var profile = CustomerMessages.Profile(request.Profile);
        var origin = await places.AnywhereAsync(call, "", null, null);
        var sealedProfile = await SealAsync(new PersonId(caller.TenantId, customerId), profile, call);
        var command = new ChangeProfile(customerId, [.. profile.Keys()], sealedProfile, origin);
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CustomerTurns.ChangeProfile(turn, caller.TenantId, command),
            ProfileChanged);
    }

    private async ValueTask<ChangeConsentResponse> ChangeConsent(ChangeConsentRequest request, CallContext call)
    {
        var caller = call.Caller();
        if (request.Consents.Count == 0) throw RequestField.Invalid("consents", "required");
        var command = new ChangeConsents(
            RequestField.Id(request.CustomerId, "customer_id"),
            CustomerMessages.Consents(request.Consents),
            await places.AnywhereAsync(call, "", null, null));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CustomerTurns.ChangeConsents(turn, caller.TenantId, command),
            ConsentChanged);
    }

    // The key goes first: an erasure that is on record is then one that happened, whenever the process ends.
    private async ValueTask<EraseCustomerResponse> EraseCustomer(EraseCustomerRequest request, CallContext call)
    {
        var caller = call.Caller();
        RequestField.RequestId(request.RequestId);
        var command = new EraseCustomer(
            RequestField.Id(request.CustomerId, "customer_id"),
            Reason(request.Reason),
            await places.AnywhereAsync(call, "", null, null));
        await ViewAsync(call, request, new CustomerRef(command.CustomerId, null), mayBeBlocked: true);
        await persons.DestroyAsync(new PersonId(caller.TenantId, command.CustomerId), call.Cancellation);
        return await grains.Change(
            call, request, caller.Partition, turn => CustomerTurns.Erase(turn, caller.TenantId, command), Erased);
    }

    // A customer without a profile needs no key.
    private async ValueTask<string?> SealAsync(PersonId person, PersonProfile profile, CallContext call) =>
        profile == PersonProfile.Empty
            ? null
            : await persons.SealAsync(person, PersonProfile.Purpose, profile.ToBytes(), call.Cancellation);

    private static string? Reason(string reason) => CustomerMessages.Text(reason, "reason", ReasonLengthMax);
}
