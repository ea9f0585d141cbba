using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;

namespace Retention.Domain.Json;

/// <summary>
/// Instants as ISO 8601 in UTC, as precise as they are: "2017-01-31T17:00:00Z". Every fact holds one or more,
/// so the years 1 to 9999 are written and read digit by digit; anything else goes through NodaTime's pattern.
/// </summary>
public sealed class InstantJson : JsonConverter<Instant>
{
    private const int WithoutFraction = 20;
    private const int Longest = 30;

    public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader is { HasValueSequence: false, ValueIsEscaped: false } && TryParse(reader.ValueSpan, out var instant)
            ? instant
            : InstantPattern.ExtendedIso.Parse(reader.GetString() ?? "").GetValueOrThrow();

    public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options)
    {
        var utc = value.InUtc().LocalDateTime;
        if (utc.Year is < 1 or > 9999)
        {
            writer.WriteStringValue(InstantPattern.ExtendedIso.Format(value));
            return;
        }

        Span<byte> text = stackalloc byte[Longest];
        writer.WriteStringValue(text[..Format(utc, text)]);
    }

    private static int Format(LocalDateTime utc, Span<byte> text)
    {
        Digits(utc.Year, text[..4]);
        text[4] = (byte)'-';
        Digits(utc.Month, text[5..7]);
        text[7] = (byte)'-';
        Digits(utc.Day, text[8..10]);
        text[10] = (byte)'T';
        Digits(utc.Hour, text[11..13]);
        text[13] = (byte)':';
        Digits(utc.Minute, text[14..16]);
        text[16] = (byte)':';
        Digits(utc.Second, text[17..19]);
        var end = 19;
        if (utc.NanosecondOfSecond != 0)
        {
            text[19] = (byte)'.';
            Digits(utc.NanosecondOfSecond, text[20..29]);
            end = 29;
            while (text[end - 1] == (byte)'0')
            {
                end--;
            }
        }

        text[end] = (byte)'Z';
        return end + 1;
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out Instant instant)
    {
        instant = default;
        if (text.Length is < WithoutFraction or > Longest || text[^1] != (byte)'Z') return false;
        if (text[4] != (byte)'-' || text[7] != (byte)'-' || text[10] != (byte)'T') return false;
        if (text[13] != (byte)':' || text[16] != (byte)':') return false;

        var isWhole = text.Length == WithoutFraction;
        if (!isWhole && (text[19] != (byte)'.' || text.Length < WithoutFraction + 2)) return false;
        var nanoseconds = isWhole ? 0 : Number(text[20..^1]);
        for (var i = text.Length; !isWhole && nanoseconds >= 0 && i < Longest; i++)
        {
            nanoseconds *= 10;
        }

        int year = Number(text[..4]), month = Number(text[5..7]), day = Number(text[8..10]);
        int hour = Number(text[11..13]), minute = Number(text[14..16]), second = Number(text[17..19]);
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > CalendarSystem.Iso.GetDaysInMonth(year, month)) return false;
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59 || nanoseconds < 0) return false;

        instant = Instant.FromUtc(year, month, day, hour, minute, second).PlusNanoseconds(nanoseconds);
        return true;
    }

    private static void Digits(int value, Span<byte> text)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        var value = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return -1;
            value = (value * 10) + (digit - '0');
        }

        return value;
    }
}

/// <summary>Dates as ISO 8601: "2017-01-31".</summary>
public sealed class LocalDateJson : JsonConverter<LocalDate>
{
    public override LocalDate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        LocalDatePattern.Iso.Parse(reader.GetString() ?? "").GetValueOrThrow();

    public override void Write(Utf8JsonWriter writer, LocalDate value, JsonSerializerOptions options) =>
        writer.WriteStringValue(LocalDatePattern.Iso.Format(value));
}
