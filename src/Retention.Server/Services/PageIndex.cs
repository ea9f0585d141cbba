using System.Globalization;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Page tokens of lists that are counted from 0.</summary>
internal static class PageIndex
{
    public static int Read(string token)
    {
        if (PageToken.Read(token) is not { } text) return 0;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : throw RequestField.Invalid("page_token", "as_returned");
    }

    public static string Write(int? next) => PageToken.Write(next?.ToString(CultureInfo.InvariantCulture));
}
