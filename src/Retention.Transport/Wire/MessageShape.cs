using System.Collections.Concurrent;
using Google.Protobuf.Reflection;

namespace Retention.Transport.Wire;

/// <summary>What the wire check must know of a message type: which fields hold text, messages or lists.</summary>
internal sealed class MessageShape
{
    private static readonly ConcurrentDictionary<string, MessageShape> Known = [];

    private FieldShape[] _low = [];
    private readonly Dictionary<uint, FieldShape> _high = [];

    private MessageShape()
    {
    }

    /// <summary>Shapes are made while methods are bound, never during a call.</summary>
    public static MessageShape Of(MessageDescriptor descriptor)
    {
        // Two files may declare one name (tests do); the CLR type tells them apart.
        var key = $"{descriptor.FullName}@{descriptor.ClrType?.AssemblyQualifiedName}";
        if (Known.TryGetValue(key, out var known)) return known;

        // Stored before its fields are walked, because a message may contain itself.
        var shape = Known.GetOrAdd(key, new MessageShape());
        lock (shape)
        {
            if (shape._low.Length == 0) shape.Fill(descriptor);
        }

        return shape;
    }

    public FieldShape Field(uint number) => number < (uint)_low.Length
        ? _low[number]
        : _high.GetValueOrDefault(number);

    private void Fill(MessageDescriptor descriptor)
    {
        const int lowest = 32;
        var low = new FieldShape[lowest];
        foreach (var field in descriptor.Fields.InFieldNumberOrder())
        {
            var shape = Shape(field);
            if (field.FieldNumber < lowest) low[field.FieldNumber] = shape;
            else _high[(uint)field.FieldNumber] = shape;
        }

        _low = low;
    }

    private static FieldShape Shape(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => new FieldShape(FieldKind.Text, field.IsRepeated, field.Name, null),
        FieldType.Message => new FieldShape(FieldKind.Message, field.IsRepeated, field.Name, Of(field.MessageType)),
        FieldType.Bytes => new FieldShape(FieldKind.Opaque, field.IsRepeated, field.Name, null),
        FieldType.Fixed64 or FieldType.SFixed64 or FieldType.Double =>
            new FieldShape(FieldKind.Fixed64, field.IsRepeated, field.Name, null),
        FieldType.Fixed32 or FieldType.SFixed32 or FieldType.Float =>
            new FieldShape(FieldKind.Fixed32, field.IsRepeated, field.Name, null),
        _ => new FieldShape(FieldKind.Number, field.IsRepeated, field.Name, null),
    };
}

internal enum FieldKind : byte
{
    /// <summary>Not in the descriptor: skipped, and dropped by the parser.</summary>
    Unknown,
    Opaque,
    Number,
    Fixed32,
    Fixed64,
    Text,
    Message,
}

internal readonly record struct FieldShape(FieldKind Kind, bool IsRepeated, string Name, MessageShape? Message);
