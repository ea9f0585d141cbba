using Google.Protobuf.Reflection;
using Retention.Domain.Offers;
using Retention.Engine.Ports;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>A chain's own offers. Turns messages into commands and answers into messages; decides nothing.</summary>
public sealed partial class OfferService(IGrainHost grains) : IRpcService
{
    private static readonly ProtoReply<OfferView, CreateOfferResponse> Created =
        new(view => new() { Offer = view.ToProto() });

    private static readonly ProtoReply<OfferView, UpdateOfferResponse> Updated =
        new(view => new() { Offer = view.ToProto() });

    private static readonly ProtoReply<OfferView, ActivateOfferResponse> Activated =
        new(view => new() { Offer = view.ToProto() });

    private static readonly ProtoReply<OfferView, PauseOfferResponse> Paused =
        new(view => new() { Offer = view.ToProto() });

    private static readonly ProtoReply<TargetsAdded, AddOfferTargetsResponse> Targeted =
        new(added => new() { AddedCount = added.Added });

    public ServiceDescriptor Descriptor => OfferServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<CreateOfferRequest, CreateOfferResponse>(nameof(CreateOffer), CreateOffer)
        .Unary<UpdateOfferRequest, UpdateOfferResponse>(nameof(UpdateOffer), UpdateOffer)
        .Unary<AddOfferTargetsRequest, AddOfferTargetsResponse>(nameof(AddOfferTargets), AddOfferTargets)
        .Unary<ActivateOfferRequest, ActivateOfferResponse>(nameof(ActivateOffer), ActivateOffer)
        .Unary<PauseOfferRequest, PauseOfferResponse>(nameof(PauseOffer), PauseOffer)
        .Unary<GetOfferRequest, GetOfferResponse>(nameof(GetOffer), GetOffer)
        .Unary<ListOffersRequest, ListOffersResponse>(nameof(ListOffers), ListOffers)
        .Unary<IssueCouponsRequest, IssueCouponsResponse>(nameof(IssueCoupons), IssueCoupons)
        .ServerStreaming<ExportCodesRequest, ExportCodesResponse>(nameof(ExportCodes), ExportCodes)
        .Unary<ImportCodesRequest, ImportCodesResponse>(nameof(ImportCodes), ImportCodes);

    private ValueTask<CreateOfferResponse> CreateOffer(CreateOfferRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = request.ToCommand(caller.TenantId);
        return grains.Change(call, request, caller.Partition, turn => OfferTurns.Create(turn, command), Created);
    }

    private ValueTask<UpdateOfferResponse> UpdateOffer(UpdateOfferRequest request, CallContext call)
    {
        var caller = call.Caller();
        var command = request.ToCommand(caller.TenantId);
        return grains.Change(call, request, caller.Partition, turn => OfferUpdateTurns.Update(turn, command), Updated);
    }

    private ValueTask<AddOfferTargetsResponse> AddOfferTargets(AddOfferTargetsRequest request, CallContext call)
    {
        var caller = call.Caller();
        if (request.CustomerIds.Count == 0) throw RequestField.Invalid("customer_ids", "required");
        RequestField.AtMost(
            request.CustomerIds, "customer_ids", Domain.Offers.AddOfferTargets.CustomersMax);
        var command = new AddOfferTargets(
            caller.TenantId,
            RequestField.Id(request.OfferId, "offer_id"),
            [.. request.CustomerIds.Select(id => RequestField.Id(id, "customer_ids"))]);
        return grains.Change(call, request, caller.Partition, turn => OfferTargetTurns.Add(turn, command), Targeted);
    }

    private ValueTask<ActivateOfferResponse> ActivateOffer(ActivateOfferRequest request, CallContext call)
    {
        var caller = call.Caller();
        var offerId = RequestField.Id(request.OfferId, "offer_id");
        return grains.Change(
            call, request, caller.Partition, turn => OfferTurns.Activate(turn, caller.TenantId, offerId), Activated);
    }

    private ValueTask<PauseOfferResponse> PauseOffer(PauseOfferRequest request, CallContext call)
    {
        var caller = call.Caller();
        var offerId = RequestField.Id(request.OfferId, "offer_id");
        return grains.Change(
            call, request, caller.Partition, turn => OfferTurns.Pause(turn, caller.TenantId, offerId), Paused);
    }

    private async ValueTask<GetOfferResponse> GetOffer(GetOfferRequest request, CallContext call)
    {
        var caller = call.Caller();
        var offerId = RequestField.Id(request.OfferId, "offer_id");
        var (view, position) = await grains.ReadAt<OfferView>(
            call, request, caller.Partition, turn => OfferTurns.Get(turn, caller.TenantId, offerId));
        return new GetOfferResponse { Offer = view.ToProto(), Position = position };
    }

    private async ValueTask<ListOffersResponse> ListOffers(ListOffersRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (from, size) = (PageIndex.Read(request.PageToken), RequestField.PageSize(request.PageSize));
        var page = await grains.Read<OfferPage>(
            call, request, caller.Partition, turn => OfferTurns.List(turn, caller.TenantId, from, size));
        return new ListOffersResponse
        {
            Offers = { page.Offers.Select(view => view.ToProto()) },
            NextPageToken = PageIndex.Write(page.NextIndex),
        };
    }
}
