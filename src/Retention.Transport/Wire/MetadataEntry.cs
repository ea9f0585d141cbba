using System.Buffers.Text;
using Microsoft.Extensions.Primitives;

namespace Retention.Transport;

/// <summary>One header or trailer of ours, in the form it has on the wire.</summary>
internal readonly record struct MetadataEntry(string Name, string Value)
{
    public const string BinarySuffix = "-bin";

    public static MetadataEntry Text(string name, string value)
    {
        if (name.EndsWith(BinarySuffix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"The value of {name} is binary: give bytes.", nameof(name));
        }

        CheckName(name);
        foreach (var c in value)
        {
            if (c is < ' ' or > '~') throw new ArgumentException($"The value of {name} is not printable ASCII.");
        }

        return new MetadataEntry(name, value);
    }

    public static MetadataEntry Binary(string name, ReadOnlySpan<byte> value)
    {
        if (!name.EndsWith(BinarySuffix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{name} does not end in {BinarySuffix}.", nameof(name));
        }

        CheckName(name);
        return new MetadataEntry(name, Encode(value));
    }

    /// <summary>Base64 without padding, as gRPC asks of senders.</summary>
    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>
    /// Reads "-bin" values: padded or not, several ones joined by commas. Null where one is not base64.
    /// </summary>
    public static IReadOnlyList<byte[]>? Decode(StringValues values)
    {
        var decoded = new List<byte[]>();
        foreach (var line in values)
        {
            foreach (var part in (line ?? "").Split(','))
            {
                var text = part.Trim();
                var padded = text.PadRight(text.Length + ((4 - (text.Length % 4)) % 4), '=');
                if (!Base64.IsValid(padded)) return null;
                decoded.Add(Convert.FromBase64String(padded));
            }
        }

        return decoded;
    }

    // Names of the protocol itself and of HTTP/2 are not the services' to set.
    private static void CheckName(string name)
    {
        var isValid = name.Length > 0 &&
            name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_' or '.');
        var isReserved = name.StartsWith("grpc-", StringComparison.Ordinal) && name != "grpc-retry-pushback-ms";
        if (!isValid || isReserved)
        {
            throw new ArgumentException($"'{name}' is no name for metadata.", nameof(name));
        }
    }
}
