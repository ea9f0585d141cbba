using System.Globalization;
using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Payments between the brands, rates between their currencies, and disputes over entries.</summary>
public sealed partial class AgreementService
{
    private const int ReferenceMax = 140;
    private const int DisputeReasonMax = 64;
    private const int EvidenceMax = 2_000;

    private static readonly ProtoReply<SettlementView, RecordSettlementResponse> Recorded =
        new(view => new() { Settlement = view.Settlement.ToProto(view.Agreement, view.IsConfirmed) });

    private static readonly ProtoReply<SettlementView, ConfirmSettlementResponse> Confirmed =
        new(view => new() { Settlement = view.Settlement.ToProto(view.Agreement, view.IsConfirmed) });

    private static readonly ProtoReply<RateView, RecordExchangeRateResponse> RateTold =
        new(view => new() { Rate = view.Rate.ToProto() });

    private static readonly ProtoReply<DisputeView, OpenDisputeResponse> Opened =
        new(view => new() { Dispute = view.Entry.ToProto(view.Agreement, view.Outcome) });

    private static readonly ProtoReply<DisputeView, ResolveDisputeResponse> Resolved =
        new(view => new() { Dispute = view.Entry.ToProto(view.Agreement, view.Outcome, view.Accepted) });

    private async ValueTask<RecordSettlementResponse> RecordSettlement(RecordSettlementRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var amount = RequestField.Money(request.Amount, "amount");
        var valueOn = LocalDatePattern.Iso.Parse(request.ValueDate);
        if (!valueOn.Success) throw RequestField.Invalid("value_date", "day_as_2017-05-01");
        var command = new Domain.Clearing.RecordSettlement(
            "set_" + Named(caller, request.RequestId),
            new Party(caller.TenantId, RequestField.Id(request.Payer, "payer")),
            RequestField.PositiveLong(amount.MinorUnits, "amount.minor_units"),
            amount.Currency,
            valueOn.Value,
            RequestField.Text(request.BankReference, "bank_reference", ReferenceMax));
        var asker = await grains.Asker(call, request);
        return await grains.Change(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => SettlementTurns.Record(turn, asker, agreementId, command),
            Recorded,
            new CommandKey(
                LedgerKey.Of(
                    "settlement", agreementId, caller.TenantId, command.Payer.BrandId, ClearingLine.Hash(command.Reference)),
                RefusalReason.SettlementExists));
    }

    private ValueTask<ConfirmSettlementResponse> ConfirmSettlement(ConfirmSettlementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var settlementId = RequestField.Id(request.SettlementId, "settlement_id");
        return Change(
            call,
            request,
            agreementId,
            (turn, asker) => SettlementTurns.Confirm(turn, asker, agreementId, settlementId),
            Confirmed);
    }

    private async ValueTask<RecordExchangeRateResponse> RecordExchangeRate(RecordExchangeRateRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var rate = request.Rate.ToDomain("rate");

        // The key of a day's rate answers a repeat without a turn; whoever is no party learns nothing of it.
        _ = await Account(call, request, agreementId);
        var asker = await grains.Asker(call, request);
        return await grains.Change(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => RateTurns.Record(turn, asker, agreementId, rate),
            RateTold,
            new CommandKey(LedgerKey.Of("rate", agreementId, $"{rate.On:uuuu-MM-dd}"), RefusalReason.RateExists));
    }

    private async ValueTask<OpenDisputeResponse> OpenDispute(OpenDisputeRequest request, CallContext call)
    {
        var caller = call.Caller();
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var number = RequestField.PositiveLong(request.EntryNumber, "entry_number");
        var (reason, evidence) = (
            RequestField.Text(request.Reason, "reason", DisputeReasonMax),
            RequestField.OptionalText(request.Evidence, "evidence", EvidenceMax));
        var named = "dis_" + Named(caller, request.RequestId);

        // Entries never change, so that one found in the journal may be told to the turn.
        // Whoever is no party learns nothing of the account, not even that it has such an entry.
        var view = await Account(call, request, agreementId);
        var entry = view.Due.OfType<EntryFact>().FirstOrDefault(due => due.Number == number)
            ?? await new EntrySearch(grains.Journal, agreementId, view.Account).FindAsync(number, call.Cancellation)
            ?? throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.ClearingEntryNotFound, ("entry_number", number)));
        var command = new Domain.Clearing.OpenDispute(named, entry, reason, evidence);
        var asker = await grains.Asker(call, request);
        return await grains.Change(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => DisputeTurns.Open(turn, asker, agreementId, command),
            Opened,
            new CommandKey(
                LedgerKey.Of("dispute", agreementId, number.ToString(CultureInfo.InvariantCulture)),
                RefusalReason.DisputeExists));
    }

    private async ValueTask<ResolveDisputeResponse> ResolveDispute(ResolveDisputeRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var command = new Domain.Clearing.ResolveDispute(
            RequestField.Id(request.DisputeId, "dispute_id"),
            request.Outcome is V1.DisputeOutcome.Accepted or V1.DisputeOutcome.Rejected or V1.DisputeOutcome.Withdrawn
                ? (Domain.Clearing.DisputeOutcome)request.Outcome
                : throw RequestField.Invalid("outcome", "accepted_rejected_or_withdrawn"),
            RequestField.OptionalText(request.Answer, "answer", EvidenceMax),
            await AcceptedAsync(request, agreementId, call));
        return await Change(
            call, request, agreementId, (turn, asker) => DisputeTurns.Resolve(turn, asker, agreementId, command), Resolved);
    }

    // Null: all that is disputed. Nothing of it is what REJECTED says.
    private async ValueTask<long?> AcceptedAsync(ResolveDisputeRequest request, string agreementId, CallContext call)
    {
        if (request.Amount is null) return null;
        if (request.Outcome != V1.DisputeOutcome.Accepted) throw RequestField.Invalid("amount", "with_accepted_only");
        var view = await Account(call, request, agreementId);
        var amount = RequestField.Money(request.Amount, "amount", view.Account.Currency);
        return RequestField.PositiveLong(amount.MinorUnits, "amount.minor_units");
    }

    private static string Named(Caller caller, string requestId) =>
        LedgerKey.Request(caller.TenantId, RequestField.RequestId(requestId)).Value.ToString("x32", CultureInfo.InvariantCulture);
}
