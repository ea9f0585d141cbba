using System.Text.Json;
using System.Text.Json.Serialization;

namespace Retention.Server.Persons;

/// <summary>What names and describes a person, as it is sealed.</summary>
public sealed record PersonProfile(
    string? GivenName,
    string? FamilyName,
    string? Email,
    string? Phone,
    string? BirthDate,
    string? TimeZone,
    string? Locale)
{
    public const string Purpose = "profile";

    public static readonly PersonProfile Empty = new(null, null, null, null, null, null, null);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, PersonJson.Default.PersonProfile);

    public static PersonProfile Read(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, PersonJson.Default.PersonProfile) ?? Empty;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PersonProfile))]
internal sealed partial class PersonJson : JsonSerializerContext;
