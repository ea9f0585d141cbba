using System.Security.Cryptography;
using NodaTime;
using Retention.Domain.Customers;
using Retention.Domain.Links;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using CreateLinkTokenCommand = Retention.Domain.Links.CreateLinkToken;
using UnlinkCustomerCommand = Retention.Domain.Links.UnlinkCustomer;

namespace Retention.Server.Services;

/// <summary>Links between a customer of one brand and the same person at the other.</summary>
public sealed partial class CustomerService
{
    private static readonly ProtoReply<LinkReceipt, LinkCustomerResponse> Linked =
        new(receipt => new() { AgreementId = receipt.AgreementId, LinkTime = receipt.LinkedAt.ToProto() });

    private static readonly ProtoReply<CustomerView, UnlinkCustomerResponse> Unlinked =
        new(view => new() { Customer = view.ToProto() });

    private async ValueTask<CreateLinkTokenResponse> CreateLinkToken(CreateLinkTokenRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var token = LinkToken.Of(agreementId, RandomNumberGenerator.GetBytes(LinkToken.SecretBytes));
        var command = new CreateLinkTokenCommand(
            RequestField.Id(request.CustomerId, "customer_id"),
            agreementId,
            token,
            Life(request.Ttl),
            await places.AnywhereAsync(call, "", request.TillId, request.CashierId));
        return await grains.Change(
            call,
            request,
            caller.Partition,
            turn => CustomerLinks.CreateToken(turn, caller.TenantId, command),
            new ProtoReply<LinkTokenReceipt, CreateLinkTokenResponse>(
                receipt => new() { LinkToken = token, ExpireTime = receipt.ExpiresAt.ToProto() }));
    }

    // The customer's own tenant tells whom he is and what he allows; the agreement decides.
    private async ValueTask<LinkCustomerResponse> LinkCustomer(LinkCustomerRequest request, CallContext call)
    {
        var caller = call.Caller();
        var token = RequestField.Text(request.LinkToken, "link_token", LinkToken.LengthMax);
        var customerId = RequestField.Id(request.CustomerId, "customer_id");
        RequestField.OptionalId(request.TillId, "till_id");
        RequestField.OptionalId(request.CashierId, "cashier_id");
        if (LinkToken.AgreementId(token) is not { } agreementId)
        {
            throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.LinkTokenInvalid));
        }

        var visitor = await grains.Read<LinkVisitor>(
            call,
            request,
            caller.Partition,
            turn => CustomerLinks.Visit(turn, caller.TenantId, customerId, agreementId, caller.BrandId ?? ""));
        return await grains.Change(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => LinkTurns.Link(turn, visitor, agreementId, token),
            Linked);
    }

    private async ValueTask<UnlinkCustomerResponse> UnlinkCustomer(UnlinkCustomerRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = new UnlinkCustomerCommand(
            RequestField.Id(request.CustomerId, "customer_id"),
            RequestField.Id(request.AgreementId, "agreement_id"),
            await places.AnywhereAsync(call, "", null, null));
        return await grains.Change(
            call, request, caller.Partition, turn => CustomerLinks.Unlink(turn, caller.TenantId, command), Unlinked);
    }

    private static Duration Life(Google.Protobuf.WellKnownTypes.Duration? asked)
    {
        if (asked is null) return CustomerLinks.LifeDefault;
        var life = Duration.FromSeconds(Math.Clamp(asked.Seconds, 0, 1L << 32)) + Duration.FromNanoseconds(asked.Nanos);
        return life >= CustomerLinks.LifeMin && life <= CustomerLinks.LifeMax
            ? life
            : throw RequestField.Invalid("ttl", "from_1_minute_to_30_days");
    }
}
