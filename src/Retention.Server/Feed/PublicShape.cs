using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Retention.Server.Feed;

/// <summary>The fields of one JSON object that are told, in the order of the table.</summary>
public sealed record PublicShape(IReadOnlyList<PublicField> Fields)
{
    /// <summary>"stored>public stored>public{...}"; a single name is both; "-": no field.</summary>
    public static PublicShape Parse(string text)
    {
        var position = 0;
        return Parse(text, ref position);
    }

    /// <summary>The told part of a stored fact; empty where no field is told.</summary>
    public string Of(ReadOnlyMemory<byte> fact)
    {
        if (Fields.Count == 0) return "";
        using var stored = JsonDocument.Parse(fact);
        var buffer = new ArrayBufferWriter<byte>();
        using (var output = new Utf8JsonWriter(buffer))
        {
            Write(stored.RootElement, output);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void Write(JsonElement stored, Utf8JsonWriter output)
    {
        output.WriteStartObject();
        foreach (var field in Fields)
        {
            if (!stored.TryGetProperty(field.Stored, out var value)) continue;
            output.WritePropertyName(field.Public);
            Write(value, field, output);
        }

        output.WriteEndObject();
    }

    // An object or a list of objects whose fields nobody named is not told.
    private static void Write(JsonElement value, PublicField field, Utf8JsonWriter output)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                output.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                {
                    Write(element, field, output);
                }

                output.WriteEndArray();
                break;
            case JsonValueKind.Object:
                (field.Inside ?? new PublicShape([])).Write(value, output);
                break;
            default:
                value.WriteTo(output);
                break;
        }
    }

    private static PublicShape Parse(string text, ref int position)
    {
        var fields = new List<PublicField>();
        while (position < text.Length && text[position] != '}')
        {
            if (text[position] == ' ')
            {
                position++;
                continue;
            }

            var start = position;
            while (position < text.Length && text[position] is not (' ' or '{' or '}'))
            {
                position++;
            }

            var names = text[start..position].Split('>');
            PublicShape? inside = null;
            if (position < text.Length && text[position] == '{')
            {
                position++;
                inside = Parse(text, ref position);
                position++;
            }

            if (names[0] != "-") fields.Add(new PublicField(names[0], names[^1], inside));
        }

        return new PublicShape(fields);
    }
}

/// <param name="Stored">As in the journal.</param>
/// <param name="Public">As told.</param>
/// <param name="Inside">Of an object, or of each element of a list.</param>
public sealed record PublicField(string Stored, string Public, PublicShape? Inside);
