using System.Globalization;
using System.Net;
using System.Text;

namespace Retention.Benchmarks.Designs;

/// <summary>Bars beside each other, as an SVG that any browser shows, in light and in dark.</summary>
internal static class Picture
{
    private const int Width = 760;
    private const int LabelWidth = 300;
    private const int RowHeight = 30;
    private const int Top = 52;

    public static string Bars(string title, string unit, IReadOnlyList<(string Name, double Value, bool IsOurs)> bars)
    {
        var most = Math.Max(1, bars.Max(bar => bar.Value));
        var text = new StringBuilder();
        var height = Top + (bars.Count * RowHeight) + 12;
        text.AppendLine(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-label="{WebUtility.HtmlEncode(title)}">
            <style>text{"{"}font:13px system-ui,sans-serif;fill:#24292f{"}"} .h{"{"}font-weight:600;font-size:15px{"}"} .o{"{"}fill:#1f6feb{"}"} .p{"{"}fill:#8c959f{"}"} @media (prefers-color-scheme:dark){"{"}text{"{"}fill:#e6edf3{"}"}{"}"}</style>
            <text class="h" x="12" y="24">{WebUtility.HtmlEncode(title)}</text>
            <text x="12" y="42">{WebUtility.HtmlEncode(unit)}</text>
            """);
        for (var i = 0; i < bars.Count; i++)
        {
            var (name, value, isOurs) = bars[i];
            var y = Top + (i * RowHeight);
            var length = Math.Max(1, value / most * (Width - LabelWidth - 90));
            text.AppendLine(CultureInfo.InvariantCulture, $"""
                <text x="12" y="{y + 18}">{WebUtility.HtmlEncode(name)}</text>
                <rect class="{(isOurs ? "o" : "p")}" x="{LabelWidth}" y="{y + 5}" width="{length:F0}" height="18" rx="3"/>
                <text x="{LabelWidth + length + 8:F0}" y="{y + 18}">{value:N0}</text>
                """);
        }

        return text.Append("</svg>").AppendLine().ToString();
    }
}
