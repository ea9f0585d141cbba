using System.Buffers;
using Google.Protobuf.WellKnownTypes;
using NodaTime;
using Retention.Rpc;
using Retention.Transport;
using Kernel = Retention.Kernel;

namespace Retention.Server.Rpc;

/// <summary>
/// Checks of single fields, before any grain is touched. What passes is within the bounds that the protos document;
/// what does not ends the call with INVALID_ARGUMENT, FIELD_INVALID and the rule that was broken, never the value.
/// </summary>
public static class RequestField
{
    public const int IdLengthMax = 64;
    public const int PageSizeDefault = 50;
    public const int PageSizeMax = 500;

    /// <summary>Keeps the sum of a whole purchase's lines far from overflow.</summary>
    public const long MinorUnitsMax = 1_000_000_000_000_000;

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:~-");

    private static readonly Instant Earliest = Instant.FromUtc(1900, 1, 1, 0, 0);
    private static readonly Instant Latest = Instant.FromUtc(2200, 1, 1, 0, 0);

    public static string RequestId(string value) => Id(value, "request_id");

    /// <summary>A required id: 1-64 characters of A-Z a-z 0-9 . _ : ~ -</summary>
    public static string Id(string value, string field)
    {
        if (value.Length == 0) throw Invalid(field, "required");
        if (value.Length > IdLengthMax) throw Invalid(field, "at_most_64_characters");
        if (value.AsSpan().ContainsAnyExcept(IdCharacters)) throw Invalid(field, "characters_of_an_id");
        return value;
    }

    /// <summary>As <see cref="Id"/>, or null where the field is empty.</summary>
    public static string? OptionalId(string value, string field) => value.Length == 0 ? null : Id(value, field);

    /// <summary>Required text without control characters.</summary>
    public static string Text(string value, string field, int maxLength)
    {
        if (value.Length == 0) throw Invalid(field, "required");
        return OptionalText(value, field, maxLength);
    }

    /// <summary>Text that may be empty, without control characters.</summary>
    public static string OptionalText(string value, string field, int maxLength)
    {
        if (value.Length > maxLength) throw Invalid(field, $"at_most_{maxLength}_characters");
        foreach (var character in value)
        {
            if (char.IsControl(character)) throw Invalid(field, "no_control_characters");
        }

        return value;
    }

    /// <summary>ISO 4217: three capital letters.</summary>
    public static string Currency(string value, string field)
    {
        if (value.Length == 0) throw Invalid(field, "required");
        if (value.Length != 3 || !value.All(char.IsAsciiLetterUpper)) throw Invalid(field, "three_capital_letters");
        return value;
    }

    /// <summary>An IANA time zone that this server knows, e.g. "America/New_York".</summary>
    public static string TimeZone(string value, string field)
    {
        if (value.Length == 0) throw Invalid(field, "required");
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(value) is null) throw Invalid(field, "known_iana_time_zone");
        return value;
    }

    /// <summary>A required amount of at least 0, in the currency where one is given.</summary>
    public static Kernel.Money Money(V1.Money? value, string field, string? currency = null)
    {
        if (value is null) throw Invalid(field, "required");
        Currency(value.CurrencyCode, field + ".currency_code");
        if (value.MinorUnits < 0) throw Invalid(field + ".minor_units", "at_least_0");
        if (value.MinorUnits > MinorUnitsMax) throw Invalid(field + ".minor_units", $"at_most_{MinorUnitsMax}");
        if (currency is not null && value.CurrencyCode != currency)
        {
            throw Invalid(field + ".currency_code", $"must_be_{currency}");
        }

        return new Kernel.Money(value.CurrencyCode, value.MinorUnits);
    }

    public static int PositiveInt(int value, string field) => value >= 1 ? value : throw Invalid(field, "at_least_1");

    public static long PositiveLong(long value, string field) =>
        value >= 1 ? value : throw Invalid(field, "at_least_1");

    public static int Between(int value, string field, int min, int max) => value < min
        ? throw Invalid(field, $"at_least_{min}")
        : value <= max ? value : throw Invalid(field, $"at_most_{max}");

    public static long Between(long value, string field, long min, long max) => value < min
        ? throw Invalid(field, $"at_least_{min}")
        : value <= max ? value : throw Invalid(field, $"at_most_{max}");

    /// <summary>A required moment from 1900 up to, not including, 2200.</summary>
    public static Instant Time(Timestamp? value, string field) =>
        OptionalTime(value, field) ?? throw Invalid(field, "required");

    public static Instant? OptionalTime(Timestamp? value, string field)
    {
        if (value is null) return null;
        if (value.Nanos is < 0 or > 999_999_999) throw Invalid(field, "nanos_from_0_to_999999999");
        if (value.Seconds < Earliest.ToUnixTimeSeconds() || value.Seconds >= Latest.ToUnixTimeSeconds())
        {
            throw Invalid(field, "from_1900_to_2199");
        }

        return value.ToInstant();
    }

    /// <summary>Entries a page may hold: 50 where the request says nothing, never more than 500.</summary>
    /// <summary>0 where it is absent.</summary>
    public static long WholeSeconds(Google.Protobuf.WellKnownTypes.Duration? value, string field)
    {
        if (value is null) return 0;
        return value is { Seconds: > 0, Nanos: 0 } ? value.Seconds : throw Invalid(field, "whole_seconds_at_least_1");
    }

    public static int PageSize(int value) => value switch
    {
        < 0 => throw Invalid("page_size", "at_least_0"),
        0 => PageSizeDefault,
        _ => Math.Min(value, PageSizeMax),
    };

    /// <summary>A list of at most so many entries.</summary>
    public static IReadOnlyList<T> AtMost<T>(IReadOnlyList<T> values, string field, int max) =>
        values.Count <= max ? values : throw Invalid(field, $"at_most_{max}_entries");

    /// <summary>What a broken rule answers; the rule is snake_case and names the bound.</summary>
    public static RpcFailure Invalid(string field, string rule)
    {
        var words = $"{field}: {rule.Replace('_', ' ')}";
        var violation = new BadRequest.Types.FieldViolation { Field = field, Description = rule.Replace('_', ' ') };
        return ErrorMap.Failure(
            RpcStatus.InvalidArgument,
            words,
            ErrorMap.ErrorInfo(Retention.Kernel.RefusalReason.FieldInvalid, [new("field", field), new("rule", rule)]),
            new BadRequest { FieldViolations = { violation } });
    }
}
