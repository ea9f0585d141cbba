using System.Globalization;
using Google.Protobuf;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>Reads of the clearing account.</summary>
public sealed partial class AgreementService
{
    // Most commits of the account are issues; a page looks at so many commits at most and may come back shorter.
    private const int CommitsPerPageMax = 20_000;
    private const int CommitsPerRead = 500;

    private async ValueTask<GetPositionResponse> GetPosition(GetPositionRequest request, CallContext call)
    {
        var view = await Account(call, request, request.AgreementId);
        return new GetPositionResponse
        {
            Positions = { view.Position(Side.First), view.Position(Side.Second) },
            InFlight = InFlight(view.Agreement),
            SumIsZero = view.Account.FirstNet + view.Account.SecondNet == 0
                && view.Account.FirstProvisional + view.Account.SecondProvisional == 0
                && view.Account.FirstCounter + view.Account.SecondCounter == 0
                && view.Account.FirstCounterProvisional + view.Account.SecondCounterProvisional == 0,
            AsOfTime = view.At.ToProto(),
            UnconfirmedSettlements = { view.Account.Settlements.Select(open => open.ToProto(view.Agreement, false)) },
            Rate = view.RateNow()?.ToProto(),
            Disputes = { view.Account.Disputes.Select(open => open.ToProto(view.Agreement, null)) },
        };
    }

    private async ValueTask<ListClearingEntriesResponse> ListClearingEntries(
        ListClearingEntriesRequest request, CallContext call)
    {
        var size = RequestField.PageSize(request.PageSize);
        var before = Before(request.PageToken);
        var view = await Account(call, request, request.AgreementId);
        var response = new ListClearingEntriesResponse();
        var grain = AgreementGrains.AccountId(view.Agreement.AgreementId);
        if (before == long.MaxValue)
        {
            response.Entries.AddRange(view.Due.OfType<EntryFact>().Reverse()
                .Select(due => ClearingLine.Of(view.Account.Currency, due)
                    .ToProto(view.Agreement.First, view.Agreement.Second, 0, view.Agreement.Agreed.Fx?.Currency)));
        }

        for (var seen = 0; seen < CommitsPerPageMax;)
        {
            var commits = await grains.Journal.HistoryAsync(grain, before, CommitsPerRead, call.Cancellation);
            foreach (var commit in commits)
            {
                foreach (var line in Lines(commit, grain, view.Account.Currency))
                {
                    response.Entries.Add(line.ToProto(
                        view.Agreement.First, view.Agreement.Second, commit.Position, view.Agreement.Agreed.Fx?.Currency));
                }

                before = commit.Position;
                if (response.Entries.Count >= size) break;
            }

            seen += commits.Count;
            if (commits.Count < CommitsPerRead && response.Entries.Count < size) return response;
            if (response.Entries.Count >= size) break;
        }

        response.NextPageToken = PageToken.Write(before.ToString(CultureInfo.InvariantCulture));
        return response;
    }

    private async ValueTask<GetStatementResponse> GetStatement(GetStatementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var parsed = Month.Parse(request.Period);
        if (!parsed.Success) throw RequestField.Invalid("period", "month_as_2017-05");

        var month = parsed.Value.OnDayOfMonth(1);
        var asker = await grains.Asker(call, request);
        var statement = await grains.Read<StatementView>(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => ClearingTurns.Statement(turn, asker, agreementId, month));
        return statement.ToProto();
    }

    private async ValueTask<GetJointOfferReportResponse> GetJointOfferReport(
        GetJointOfferReportRequest request, CallContext call)
    {
        var view = await Account(call, request, request.AgreementId);
        return new GetJointOfferReportResponse
        {
            Legs = { view.Agreement.Legs().Select(leg => view.LegOf(leg).ToProto(view)) },
            AsOfTime = view.At.ToProto(),
        };
    }

    private async ValueTask<AccountView> Account(CallContext call, IMessage request, string id)
    {
        var agreementId = RequestField.Id(id, "agreement_id");
        var asker = await grains.Asker(call, request);
        return await grains.Read<AccountView>(
            call,
            request,
            PartitionId.Agreement(agreementId),
            turn => ClearingTurns.Get(turn, asker, agreementId));
    }

    // Newest first within a commit, too.
    private static IEnumerable<ClearingLine> Lines(JournalRecord commit, GrainId account, string currency)
    {
        foreach (var write in commit.Writes)
        {
            if (write.Grain != account) continue;
            for (var i = write.Facts.Count - 1; i >= 0; i--)
            {
                if (AgreementGrains.Account.DecodeFact(write.Facts[i].Span) is EntryFact { Number: > 0 } entry)
                {
                    yield return ClearingLine.Of(currency, entry);
                }
            }
        }
    }

    private static long Before(string token)
    {
        if (PageToken.Read(token) is not { } text) return long.MaxValue;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw RequestField.Invalid("page_token", "as_returned");
    }
}
