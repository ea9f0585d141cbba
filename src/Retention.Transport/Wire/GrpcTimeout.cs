namespace Retention.Transport.Wire;

/// <summary>
/// The headers "grpc-timeout", at most 8 digits and a unit, and "connect-timeout-ms", at most 10 digits.
/// </summary>
internal static class GrpcTimeout
{
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9) return false;
        if (!TryParseDigits(text[..^1], out var amount)) return false;
        var ticks = text[^1] switch
        {
            'H' => amount * TimeSpan.TicksPerHour,
            'M' => amount * TimeSpan.TicksPerMinute,
            'S' => amount * TimeSpan.TicksPerSecond,
            'm' => amount * TimeSpan.TicksPerMillisecond,
            'u' => amount * TimeSpan.TicksPerMicrosecond,
            // A tick is 100 ns; rounded up, so that a short deadline does not become none at all.
            'n' => (amount + 99) / 100,
            _ => -1,
        };
        timeout = new TimeSpan(Math.Max(ticks, 0));
        return ticks >= 0;
    }

    public static bool TryParseMilliseconds(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        var isValid = TryParseDigits(text, out var amount) && text.Length is > 0 and <= 10;
        timeout = new TimeSpan(isValid ? amount * TimeSpan.TicksPerMillisecond : 0);
        return isValid;
    }

    private static bool TryParseDigits(ReadOnlySpan<char> text, out long amount)
    {
        amount = 0;
        if (text.Length > 10) return false;
        foreach (var c in text)
        {
            if (c is < '0' or > '9') return false;
            amount = (amount * 10) + (c - '0');
        }

        return true;
    }
}
