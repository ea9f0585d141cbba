using System.Globalization;
using System.Text;

namespace Retention.Server.Demo;

/// <summary>The report for people.</summary>
internal static class ReportText
{

    public static string Of(DemoReport report, Scenario scenario)
    {
        var text = new StringBuilder();
        text.AppendLine(
            $"Joint promotion of {scenario.Brands.Count} brands at the end of {scenario.AsOf:uuuu-MM-dd}:");
        text.AppendLine();
        text.AppendLine(Row(
            "issuer > redeemer", "issued", "consumed", "expired", "open", "voided", "clawed", "owed", "net"));
        foreach (var pair in report.Pairs)
        {
            text.AppendLine(Row(
                $"{pair.Issuer} > {pair.Redeemer}", pair.Issued, pair.Consumed, pair.Expired, pair.Open, pair.Voided,
                pair.ClawedBack, Dollars(pair.OwedMinorUnits), Dollars(pair.NetMinorUnits)));
        }

        text.AppendLine(Row(
            "all", report.Issued, report.Consumed, report.Expired, report.Open, report.Voided, report.ClawedBack,
            Dollars(report.Pairs.Sum(pair => pair.OwedMinorUnits)),
            Dollars(report.Pairs.Sum(pair => pair.NetMinorUnits))));
        text.AppendLine();
        AppendRest(text, report);
        return text.ToString();
    }

    private static string Row(params ReadOnlySpan<object> cells)
    {
        var row = new StringBuilder($"{cells[0],-20}");
        foreach (var cell in cells[1..])
        {
            row.Append(CultureInfo.InvariantCulture, $" {cell,9}");
        }

        return row.ToString();
    }

    private static void AppendRest(StringBuilder text, DemoReport report)
    {
        var nets = string.Join(", ", report.Brands.Select(brand => $"{brand.Brand} {Dollars(brand.NetMinorUnits)}"));
        text.AppendLine($"Owed to each brand (negative: it owes), in USD: {nets}.");
        var redemptions = report.Redemptions;
        text.AppendLine(
            $"Campaign redemptions: {redemptions.Accepted} accepted, {redemptions.Repeated} repeated alike,"
            + $" {redemptions.Refused.Values.Sum()} refused{Reasons(redemptions.Refused)}.");
        if (report.Crashes.Kills > 0)
        {
            text.AppendLine(
                $"The server was killed {report.Crashes.Kills} times; it was ready again after at most"
                + $" {report.Crashes.SlowestRestartMs} ms.");
        }

        text.AppendLine(
            $"Verify: {report.Verify.Grains} grains, {report.Verify.Events} events,"
            + $" {report.Verify.Differences} differences.");
        text.AppendLine(
            $"Statements: {report.Statements.Periods} months recomputed by each brand from its own feed,"
            + $" {report.Statements.Differences} differences.");
        text.Append(CultureInfo.InvariantCulture, $"Played in {report.Seconds:0.0} s.");
    }

    private static string Reasons(IReadOnlyDictionary<string, int> refused) => refused.Count == 0
        ? ""
        : $" ({string.Join(", ", refused.Select(pair => $"{pair.Key} {pair.Value}"))})";

    private static string Dollars(long minorUnits) =>
        (minorUnits / 100m).ToString("0.00", CultureInfo.InvariantCulture);
}
