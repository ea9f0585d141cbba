namespace Retention.Transport.Wire;

/// <summary>The header "grpc-timeout": at most 8 digits and a unit.</summary>
internal static class GrpcTimeout
{
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9) return false;
        long amount = 0;
        foreach (var c in text[..^1])
        {
            if (c is < '0' or > '9') return false;
            amount = (amount * 10) + (c - '0');
        }

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
}
