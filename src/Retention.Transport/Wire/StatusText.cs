using System.Globalization;
using System.Text;

namespace Retention.Transport.Wire;

/// <summary>How a status is spelled: a number in trailers, a name in metrics, its message percent-encoded.</summary>
internal static class StatusText
{
    private static readonly string[] Numbers =
        [.. Enumerable.Range(0, 17).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    public static string Number(RpcStatus status) => Numbers[(int)status];

    public static string Name(RpcStatus status) => Names[(int)status];

    /// <summary>Percent-encodes UTF-8: printable ASCII but '%' stays as it is.</summary>
    public static string Encode(string message)
    {
        if (!message.AsSpan().ContainsAnyExceptInRange(' ', '~') && !message.Contains('%')) return message;
        var encoded = new StringBuilder(message.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= (byte)' ' and <= (byte)'~' and not (byte)'%') encoded.Append((char)b);
            else encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }
}
