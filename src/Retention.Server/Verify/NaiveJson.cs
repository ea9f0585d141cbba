using System.Text.Json;
using NodaTime;
using NodaTime.Text;

namespace Retention.Server.Verify;

/// <summary>Stored JSON leaves out what equals a type's default: absent means 0, false, empty.</summary>
internal static class NaiveJson
{
    public static long Long(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    public static string Text(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    public static bool Flag(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.GetBoolean();

    public static IEnumerable<JsonElement> List(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.EnumerateArray() : [];

    public static JsonElement? Part(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Null where it is absent, or null in a state, which is written whole.</summary>
    public static Instant? Moment(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
        ? InstantPattern.ExtendedIso.Parse(value.GetString() ?? "").GetValueOrThrow()
        : null;
}
