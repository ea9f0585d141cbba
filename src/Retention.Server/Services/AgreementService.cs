using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Agreements and their books, in the partition of each agreement. Decides nothing.</summary>
public sealed partial class AgreementService(IGrainHost grains) : IRpcService
{
    private const int KeyBytes = 32;

    private static readonly YearMonthPattern Month = YearMonthPattern.Iso;

    private static readonly ProtoReply<AgreementView, ProposeAgreementResponse> Proposed =
        new(view => new() { Agreement = view.ToProto() });

    private static readonly ProtoReply<AgreementView, AcceptAgreementResponse> Accepted =
        new(view => new() { Agreement = view.ToProto() });

    private static readonly ProtoReply<AgreementView, PauseAgreementResponse> Paused =
        new(view => new() { Agreement = view.ToProto() });

    private static readonly ProtoReply<AgreementView, ResumeAgreementResponse> Resumed =
        new(view => new() { Agreement = view.ToProto() });

    private static readonly ProtoReply<AgreementView, EndAgreementResponse> Ended =
        new(view => new() { Agreement = view.ToProto() });

    public ServiceDescriptor Descriptor => AgreementServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<ProposeAgreementRequest, ProposeAgreementResponse>(nameof(ProposeAgreement), ProposeAgreement)
        .Unary<AcceptAgreementRequest, AcceptAgreementResponse>(nameof(AcceptAgreement), AcceptAgreement)
        .Unary<AmendAgreementRequest, AmendAgreementResponse>(nameof(AmendAgreement), AmendAgreement)
        .Unary<PauseAgreementRequest, PauseAgreementResponse>(nameof(PauseAgreement), PauseAgreement)
        .Unary<ResumeAgreementRequest, ResumeAgreementResponse>(nameof(ResumeAgreement), ResumeAgreement)
        .Unary<EndAgreementRequest, EndAgreementResponse>(nameof(EndAgreement), EndAgreement)
        .Unary<GetAgreementRequest, GetAgreementResponse>(nameof(GetAgreement), GetAgreement)
        .Unary<ListAgreementsRequest, ListAgreementsResponse>(nameof(ListAgreements), ListAgreements)
        .Unary<GetPositionRequest, GetPositionResponse>(nameof(GetPosition), GetPosition)
        .Unary<ListClearingEntriesRequest, ListClearingEntriesResponse>(nameof(ListClearingEntries), ListClearingEntries)
        .Unary<GetStatementRequest, GetStatementResponse>(nameof(GetStatement), GetStatement)
        .Unary<RecordSettlementRequest, RecordSettlementResponse>(nameof(RecordSettlement), RecordSettlement)
        .Unary<ConfirmSettlementRequest, ConfirmSettlementResponse>(nameof(ConfirmSettlement), ConfirmSettlement)
        .Unary<RecordExchangeRateRequest, RecordExchangeRateResponse>(nameof(RecordExchangeRate), RecordExchangeRate)
        .Unary<OpenDisputeRequest, OpenDisputeResponse>(nameof(OpenDispute), OpenDispute)
        .Unary<ResolveDisputeRequest, ResolveDisputeResponse>(nameof(ResolveDispute), ResolveDispute)
        .Unary<GetJointOfferReportRequest, GetJointOfferReportResponse>(nameof(GetJointOfferReport), GetJointOfferReport);

    private async ValueTask<ProposeAgreementResponse> ProposeAgreement(ProposeAgreementRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var (issuing, redeeming) = (request.Issuing.ToDomain("issuing"), request.Redeeming.ToDomain("redeeming"));
        var tenant = await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        var command = new ProposeAgreement(
            agreementId,
            issuing,
            redeeming,
            request.Terms.ToDomain(issuing, redeeming, tenant.TimeZone),
            Key(),
            Key(),
            Key());
        var asker = Asker.Of(tenant, caller.BrandId ?? "", grains.Now);
        return await grains.Change(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => UnknownBrand(tenant, command) is { } unknown
                ? unknown
                : AgreementTurns.Propose(turn, asker, command),
            Proposed);
    }

    private async ValueTask<AcceptAgreementResponse> AcceptAgreement(AcceptAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var version = RequestField.PositiveInt(request.TermsVersion, "terms_version");
        return await Change(
            call, request, agreementId, (turn, asker) => AgreementTurns.Accept(turn, asker, agreementId, version), Accepted);
    }

    private ValueTask<PauseAgreementResponse> PauseAgreement(PauseAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        return Change(
            call, request, agreementId, (turn, asker) => AgreementTurns.Pause(turn, asker, agreementId), Paused);
    }

    private ValueTask<ResumeAgreementResponse> ResumeAgreement(ResumeAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        return Change(
            call, request, agreementId, (turn, asker) => AgreementTurns.Resume(turn, asker, agreementId), Resumed);
    }

    private ValueTask<EndAgreementResponse> EndAgreement(EndAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        return Change(call, request, agreementId, (turn, asker) => AgreementTurns.End(turn, asker, agreementId), Ended);
    }

    private async ValueTask<GetAgreementResponse> GetAgreement(GetAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var asker = await grains.Asker(call, request);
        var view = await grains.Read<AgreementView>(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => AgreementTurns.Get(turn, asker, agreementId));
        return new GetAgreementResponse { Agreement = view.ToProto(), PendingEffects = InFlight(view.State) };
    }

    private async ValueTask<ListAgreementsResponse> ListAgreements(ListAgreementsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (after, size) = (PageToken.Read(request.PageToken), RequestField.PageSize(request.PageSize));
        var tenant = await grains.Read<TenantState>(call, request, caller.Partition, TenantTurns.Read(caller.TenantId));
        var asker = Asker.Of(tenant, caller.BrandId ?? "", grains.Now);
        var known = tenant.Agreements.Keys
            .Where(id => after is null || string.CompareOrdinal(id, after) > 0)
            .Take(size + 1)
            .ToList();
        var response = new ListAgreementsResponse
        {
            NextPageToken = PageToken.Write(known.Count > size ? known[size - 1] : null),
        };
        foreach (var id in known.Take(size))
        {
            var answer = await grains.AskAsync(
                new Command(
                    PartitionId.Agreement(id), [], UInt128.Zero, turn => AgreementTurns.Get(turn, asker, id)),
                call.Cancellation);

            // A credential bound to one brand is no party to the other brands' agreements.
            if (answer.Reply is AgreementView view) response.Agreements.Add(view.ToProto());
        }

        return response;
    }

    private async ValueTask<TResponse> Change<TResponse>(
        CallContext call,
        IMessage request,
        string agreementId,
        Func<ITurn, Asker, Decision> decide,
        ProtoReply<TResponse> format)
        where TResponse : class, IMessage<TResponse>, new()
    {
        var asker = await grains.Asker(call, request);
        return await grains.Change(
            call, request, PartitionId.Agreement(agreementId), turn => decide(turn, asker), format);
    }

    // What the tenants sent is counted as a whole: it may be for this agreement.
    private long InFlight(AgreementState state)
    {
        var pending = grains.PendingEffectCount(PartitionId.Agreement(state.AgreementId))
            + grains.PendingEffectCount(PartitionId.Tenant(state.First.TenantId));
        return state.First.TenantId == state.Second.TenantId
            ? pending
            : pending + grains.PendingEffectCount(PartitionId.Tenant(state.Second.TenantId));
    }

    private static Refusal? UnknownBrand(TenantState tenant, ProposeAgreement command)
    {
        foreach (var party in (Party[])[command.First, command.Second])
        {
            if (party.TenantId == tenant.TenantId && !tenant.Brands.ContainsKey(party.BrandId))
            {
                return Refusal.Because(RefusalReason.BrandNotFound, ("brand_id", party.BrandId));
            }
        }

        return null;
    }

    private static string Key() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));
}
