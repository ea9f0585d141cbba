using System.Buffers;
using System.Text;

namespace Retention.Transport.Wire;

/// <summary>
/// Looks through a message on the wire before it is parsed: it must be well formed, hold no more elements than
/// allowed, and every text field must be readable text. It allocates only to name the faulty field.
/// </summary>
/// <remarks>
/// The parser accepts what is refused here: it replaces bad UTF-8 by U+FFFD, so that two ids become one, and it
/// turns two bytes of an empty submessage into an object of more than a hundred. Only what repeats is counted: a
/// submessage that does not repeat is one object however often it comes.
/// </remarks>
internal ref struct WireCheck
{
    private const int MaxDepth = 64;

    // Text that needs a closer look: C0 controls, DEL, and every byte of a multi-byte sequence.
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create([.. "\t\r\n"u8, .. Enumerable.Range(' ', '~' - ' ' + 1).Select(b => (byte)b)]);

    private int _elementsLeft;
    private WireFault _fault;
    private string _path;

    /// <summary>Returns the first fault, and the path of its field such as "lines.product_id".</summary>
    public static WireFault Find(
        ReadOnlySpan<byte> message, MessageShape shape, int elementsMax, out string path)
    {
        var check = new WireCheck { _elementsLeft = elementsMax, _path = "" };
        check.Message(message, shape, MaxDepth);
        path = check._path;
        return check._fault;
    }

    private bool Message(ReadOnlySpan<byte> rest, MessageShape shape, int depthLeft)
    {
        if (depthLeft == 0) return Fail(WireFault.Malformed);
        while (!rest.IsEmpty)
        {
            if (!ReadVarint(ref rest, out var tag) || tag is < 8 or > uint.MaxValue) return Fail(WireFault.Malformed);
            var field = shape.Field((uint)tag >> 3);
            if (!Field(ref rest, field, (uint)tag, depthLeft))
            {
                if (field.Name is { } name) _path = _path.Length == 0 ? name : $"{name}.{_path}";
                return false;
            }
        }

        return true;
    }

    private bool Field(ref ReadOnlySpan<byte> rest, FieldShape field, uint tag, int depthLeft)
    {
        if (field.IsRepeated && !Count(1)) return false;
        switch (tag & 7)
        {
            case 0:
                return ReadVarint(ref rest, out _) || Fail(WireFault.Malformed);
            case 1:
                return Skip(ref rest, 8);
            case 2:
                return Delimited(ref rest, field, depthLeft);
            case 3:
                return Group(ref rest, tag >> 3, depthLeft - 1);
            case 5:
                return Skip(ref rest, 4);
            default:
                return Fail(WireFault.Malformed);
        }
    }

    private bool Delimited(ref ReadOnlySpan<byte> rest, FieldShape field, int depthLeft)
    {
        if (!ReadVarint(ref rest, out var length) || length > (ulong)rest.Length) return Fail(WireFault.Malformed);
        var content = rest[..(int)length];
        rest = rest[(int)length..];
        return field.Kind switch
        {
            FieldKind.Text => Text(content),
            FieldKind.Message => Message(content, field.Message!, depthLeft - 1),
            FieldKind.Fixed32 when field.IsRepeated => Count(content.Length / 4),
            FieldKind.Fixed64 when field.IsRepeated => Count(content.Length / 8),
            FieldKind.Number when field.IsRepeated => Count(CountVarints(content)),
            _ => true,
        };
    }

    // No message here has groups; one that comes is an unknown field, and only has to end properly.
    private bool Group(ref ReadOnlySpan<byte> rest, uint number, int depthLeft)
    {
        if (depthLeft <= 0) return Fail(WireFault.Malformed);
        while (!rest.IsEmpty)
        {
            if (!ReadVarint(ref rest, out var tag) || tag is < 8 or > uint.MaxValue) return Fail(WireFault.Malformed);
            if ((tag & 7) == 4) return tag >> 3 == number || Fail(WireFault.Malformed);
            if (!Field(ref rest, default, (uint)tag, depthLeft)) return false;
        }

        return Fail(WireFault.Malformed);
    }

    private bool Text(ReadOnlySpan<byte> text)
    {
        var suspect = text.IndexOfAnyExcept(Plain);
        if (suspect < 0) return true;
        text = text[suspect..];
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out var rune, out var length) != OperationStatus.Done)
            {
                return Fail(WireFault.InvalidUtf8);
            }

            // U+FFFD is what broken software leaves where it could not read a character.
            if (rune.Value == 0xFFFD) return Fail(WireFault.Replaced);
            if (Rune.IsControl(rune) && rune.Value is not ('\t' or '\r' or '\n')) return Fail(WireFault.Control);
            text = text[length..];
        }

        return true;
    }

    private bool Count(int elements)
    {
        _elementsLeft -= elements;
        return _elementsLeft >= 0 || Fail(WireFault.TooManyElements);
    }

    private bool Skip(ref ReadOnlySpan<byte> rest, int length)
    {
        if (rest.Length < length) return Fail(WireFault.Malformed);
        rest = rest[length..];
        return true;
    }

    private bool Fail(WireFault fault)
    {
        _fault = fault;
        return false;
    }

    private static int CountVarints(ReadOnlySpan<byte> packed)
    {
        var ends = 0;
        foreach (var b in packed) ends += (b & 0x80) == 0 ? 1 : 0;
        return ends;
    }

    private static bool ReadVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var i = 0; i < rest.Length && i < 10; i++)
        {
            value |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if ((rest[i] & 0x80) != 0) continue;
            rest = rest[(i + 1)..];
            return true;
        }

        return false;
    }
}

internal enum WireFault : byte
{
    None,
    Malformed,
    TooManyElements,
    InvalidUtf8,
    Replaced,
    Control,
}
