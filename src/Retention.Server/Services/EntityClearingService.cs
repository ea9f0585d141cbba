using System.Globalization;
using Google.Protobuf.Reflection;
using NodaTime.Text;
using Retention.Domain.Entities;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;
using Money = Retention.Kernel.Money;

namespace Retention.Server.Services;

/// <summary>Reads of the accounts between one tenant's companies.</summary>
public sealed class EntityClearingService(IGrainHost grains) : IRpcService
{
    private static readonly YearMonthPattern Month = YearMonthPattern.Iso;

    public ServiceDescriptor Descriptor => EntityClearingServiceReflection.Descriptor.Services[0];

    public void Bind(RpcMethods methods) => methods
        .Unary<GetEntityPositionRequest, GetEntityPositionResponse>(nameof(GetEntityPosition), GetEntityPosition)
        .Unary<ListEntityEntriesRequest, ListEntityEntriesResponse>(nameof(ListEntityEntries), ListEntityEntries)
        .Unary<GetEntityStatementRequest, GetEntityStatementResponse>(nameof(GetEntityStatement), GetEntityStatement);

    private async ValueTask<GetEntityPositionResponse> GetEntityPosition(
        GetEntityPositionRequest request, CallContext call)
    {
        var caller = call.Caller();
        var entityId = Entity(request.EntityId, "entity_id");
        var seen = await grains.Read<EntityPositionsView>(
            call, request, caller.Partition, turn => EntityTurns.Positions(turn, caller.TenantId, entityId, null));
        return new GetEntityPositionResponse
        {
            Positions =
            {
                seen.Accounts.Select(view => new EntityPosition
                {
                    PartnerId = view.PartnerId,
                    Net = new Money(view.Currency, view.Net).ToProto(),
                    SumIsZero = view.Account.FirstNet + view.Account.SecondNet == 0,
                    LineCount = view.Account.Lines,
                }),
            },
            AsOfTime = seen.At.ToProto(),
        };
    }

    private async ValueTask<ListEntityEntriesResponse> ListEntityEntries(
        ListEntityEntriesRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (entityId, partnerId) = Pair(request.EntityId, request.PartnerId);
        var size = RequestField.PageSize(request.PageSize);
        var before = Before(request.PageToken);
        await grains.Read<EntityPositionsView>(
            call, request, caller.Partition, turn => EntityTurns.Positions(turn, caller.TenantId, entityId, partnerId));

        // One commit holds one entry of an account.
        var grain = EntityArea.AccountId(caller.TenantId, entityId, partnerId);
        var commits = await grains.Journal.HistoryAsync(grain, before, size + 1, call.Cancellation);
        var isFirst = EntityArea.Ordered(entityId, partnerId).First == entityId;
        return new ListEntityEntriesResponse
        {
            Entries = { commits.Take(size).SelectMany(commit => Entries(commit, grain, isFirst)) },
            NextPageToken = PageToken.Write(
                commits.Count > size ? commits[size - 1].Position.ToString(CultureInfo.InvariantCulture) : null),
        };
    }

    private async ValueTask<GetEntityStatementResponse> GetEntityStatement(
        GetEntityStatementRequest request, CallContext call)
    {
        var caller = call.Caller();
        var (entityId, partnerId) = Pair(request.EntityId, request.PartnerId);
        var parsed = Month.Parse(request.Period);
        if (!parsed.Success) throw RequestField.Invalid("period", "month_as_2017-05");

        var month = parsed.Value.OnDayOfMonth(1);
        var (view, period, isClosed) = await grains.Read<EntityStatementView>(
            call,
            request,
            caller.Partition,
            turn => EntityTurns.Statement(turn, caller.TenantId, entityId, partnerId, month));
        return new GetEntityStatementResponse
        {
            Period = $"{period.StartsOn:uuuu-MM}",
            EntityId = entityId,
            PartnerId = partnerId,
            Opening = Seen(period.Opening),
            Redeemed = Seen(period.Redeemed),
            Reversed = Seen(period.Reversed),
            Net = Seen(period.Net),
            Closing = Seen(period.Closing),
            LineCount = period.Lines,
            LinesHash = period.LinesHash,
            PreviousHash = period.PreviousHash,
            StatementHash = period.StatementHash(view.Account.AccountId, view.Account.Currency),
            IsClosed = isClosed,
            AsOfTime = view.At.ToProto(),
        };

        V1.Money Seen(long firstsEyes) => new Money(view.Currency, view.Sign * firstsEyes).ToProto();
    }

    private static IEnumerable<EntityEntry> Entries(JournalRecord commit, GrainId grain, bool isFirst)
    {
        foreach (var write in commit.Writes.Where(write => write.Grain == grain))
        {
            foreach (var bytes in write.Facts.Reverse())
            {
                var fact = (EntityFact)EntityArea.Account.DecodeFact(bytes.Span);
                yield return new EntityEntry
                {
                    Number = fact.Number,
                    EntryTime = fact.At.ToProto(),
                    Day = LocalDatePattern.Iso.Format(fact.On),
                    Reversal = fact is EntityReversed,
                    Cause = (V1.EntityCause)fact.Cause,
                    Subject = fact.Subject ?? "",
                    RedemptionId = fact.Redemption,
                    Amount = new Money(fact.Currency, isFirst ? fact.FirstMinorUnits : fact.SecondMinorUnits).ToProto(),
                    Line = EntityAccountState.LineOf(fact).ToString(),
                    Position = commit.Position,
                };
            }
        }
    }

    private static (string EntityId, string PartnerId) Pair(string entityId, string partnerId)
    {
        var pair = (Entity(entityId, "entity_id"), Entity(partnerId, "partner_id"));
        return pair.Item1 != pair.Item2 ? pair : throw RequestField.Invalid("partner_id", "another_company_than_entity_id");
    }

    private static string Entity(string value, string field) => RequestField.OptionalId(value, field) ?? "";

    private static long Before(string token)
    {
        if (PageToken.Read(token) is not { } text) return long.MaxValue;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw RequestField.Invalid("page_token", "as_returned");
    }
}
