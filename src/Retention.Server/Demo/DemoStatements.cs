using System.Text.Json;
using Google.Protobuf;
using NodaTime.Text;
using Retention.Server.Verify;
using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>
/// Each brand's statements of every month, recomputed from the feed that the brand is told and compared with what it is
/// shown; the hashes of both brands must be the same.
/// </summary>
internal static class DemoStatements
{
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default);

    public static async Task<StatementPart> CheckAsync(DemoPlan plan, DemoWorld world, CancellationToken stop)
    {
        var (statements, differences) = (0L, new List<string>());
        foreach (var agreement in world.Agreements)
        {
            var hashes = new List<IReadOnlyList<string>>();
            foreach (var side in (DemoTenant[])[agreement.First, agreement.Second])
            {
                var check = await ReadAsync(side, agreement.AgreementId, stop);
                hashes.Add(await CompareAsync(check, side, agreement.AgreementId, plan, stop));
                differences.AddRange(check.Differences.Select(one => $"{agreement.AgreementId}, {side.BrandId}: {one}"));
                statements += hashes[^1].Count;
            }

            if (!hashes[0].SequenceEqual(hashes[1])) differences.Add($"{agreement.AgreementId}: the brands' hashes differ");
        }

        return new StatementPart(statements, differences.Count);
    }

    private static async Task<StatementCheck> ReadAsync(DemoTenant side, string agreementId, CancellationToken stop)
    {
        var check = new StatementCheck();
        var line = 0L;
        await foreach (var message in side.FeedAsync(agreementId, stop))
        {
            using var json = JsonDocument.Parse(Json.Format(message));
            check.See(++line, json.RootElement);
        }

        return check;
    }

    private static async Task<IReadOnlyList<string>> CompareAsync(
        StatementCheck check, DemoTenant side, string agreementId, DemoPlan plan, CancellationToken stop)
    {
        var hashes = new List<string>();

        // To the month of the report, whatever the last event was that this brand is told.
        var first = YearMonthPattern.Iso.Parse(check.Books.Single().MonthNames.First()).Value.OnDayOfMonth(1);
        for (var day = first; day <= plan.Scenario.AsOf; day = day.PlusMonths(1))
        {
            var month = $"{day:uuuu-MM}";
            var statement = await side.Call<GetStatementResponse>(
                "AgreementService/GetStatement",
                new GetStatementRequest { AgreementId = agreementId, Period = month },
                stop);
            using var json = JsonDocument.Parse(Json.Format(statement));
            check.Compare(month, json.RootElement);
            hashes.Add(statement.StatementHash);
        }

        return hashes;
    }
}
