using System.Text;
using Google.Protobuf;

namespace Retention.Server.Load;

/// <summary>A message serialised once; each call patches its own texts in, wherever a field's placeholder stands.</summary>
internal sealed class PreparedMessage
{
    private readonly byte[] _bytes;
    private readonly (int Start, int Length, PatchedField Field)[] _places;

    public PreparedMessage(IMessage message, params IEnumerable<PatchedField> fields)
    {
        _bytes = message.ToByteArray();
        _places = [.. fields.SelectMany(field => Find(field).Select(start => (start, field.ToString().Length, field)))];
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Writes one call's texts into a copy of <see cref="Bytes"/>.</summary>
    public void Patch(Span<byte> message, long number)
    {
        foreach (var (start, length, field) in _places)
        {
            field.Write(message.Slice(start, length), number);
        }
    }

    private List<int> Find(PatchedField field)
    {
        var placeholder = Encoding.ASCII.GetBytes(field.ToString());
        var starts = new List<int>();
        for (var from = 0; ;)
        {
            var at = _bytes.AsSpan(from).IndexOf(placeholder);
            if (at < 0) break;
            starts.Add(from + at);
            from += at + placeholder.Length;
        }

        return starts.Count > 0 ? starts : throw new ArgumentException($"The message holds no {field}.", nameof(field));
    }
}
