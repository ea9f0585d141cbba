using System.Collections;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.V1;

namespace Retention.Server.Rpc;

/// <summary>
/// Clears what the protos mark as personal or secret, at any depth. Known per message type; null for a type
/// that cannot hold any, so that most replies are kept without a copy.
/// </summary>
public sealed class Redaction
{
    private static readonly ConcurrentDictionary<MessageDescriptor, Redaction?> Known = [];

    private readonly FieldDescriptor[] cleared;
    private readonly FieldDescriptor[] entered;

    private Redaction(FieldDescriptor[] cleared, FieldDescriptor[] entered)
    {
        this.cleared = cleared;
        this.entered = entered;
    }

    public static Redaction? Of(MessageDescriptor message) =>
        Known.GetOrAdd(message, type => Touches(type, []) ? Build(type) : null);

    public void Apply(IMessage message)
    {
        foreach (var field in cleared)
        {
            field.Accessor.Clear(message);
        }

        foreach (var field in entered)
        {
            var plan = Of(field.MessageType)!;
            foreach (var part in Parts(field.Accessor.GetValue(message)))
            {
                plan.Apply(part);
            }
        }
    }

    private static IEnumerable<IMessage> Parts(object? value) => value switch
    {
        null => [],
        IMessage one => [one],
        IEnumerable many => many.OfType<IMessage>(),
        _ => [],
    };

    private static Redaction Build(MessageDescriptor message)
    {
        var fields = message.Fields.InFieldNumberOrder();
        var entered = fields.Where(field => !IsMarked(field) && IsMessage(field) && Touches(field.MessageType, []));
        return new Redaction([.. fields.Where(IsMarked)], [.. entered.Select(Enterable)]);
    }

    private static FieldDescriptor Enterable(FieldDescriptor field) => field.IsMap
        ? throw new InvalidOperationException($"{field.FullName} is a map and cannot hold marked fields; mark the map.")
        : field;

    private static bool Touches(MessageDescriptor message, HashSet<MessageDescriptor> seen) =>
        seen.Add(message) && message.Fields.InFieldNumberOrder().Any(field =>
            IsMarked(field) || (IsMessage(field) && Touches(field.MessageType, seen)));

    private static bool IsMessage(FieldDescriptor field) => field.FieldType == FieldType.Message;

    private static bool IsMarked(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(OptionsExtensions.Field)?.Pii is Pii.Personal or Pii.Secret;
}
