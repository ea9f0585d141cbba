using System.Collections;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.V1;

namespace Retention.Server.Rpc;

/// <summary>
/// The brands and stores that a message names, at any depth, in fields that the protos declare as such. Ids that the
/// message creates bind nothing, and maps hold no ids. Known per message type, so that only fields that can hold one
/// are looked at: this is asked at every sale.
/// </summary>
internal sealed class ReferredIds
{
    private static readonly ConcurrentDictionary<MessageDescriptor, ReferredIds> Known = [];

    private static readonly List<(RefersTo, string)> Nothing = [];

    private readonly (FieldDescriptor Field, RefersTo RefersTo)[] fields;

    private ReferredIds(MessageDescriptor message) => fields =
    [
        .. message.Fields.InFieldNumberOrder()
            .Where(field => !field.IsMap && (IsNaming(field) || IsEntered(field, [])))
            .Select(field => (field, RefersToOf(field))),
    ];

    /// <summary>Brands and stores in the order of their fields; single fields that are empty name nothing.</summary>
    public static List<(RefersTo RefersTo, string Id)> Of(IMessage message)
    {
        List<(RefersTo, string)>? found = null;
        Collect(message, ref found);
        return found ?? Nothing;
    }

    private static void Collect(IMessage message, ref List<(RefersTo, string)>? found)
    {
        foreach (var (field, refersTo) in Known.GetOrAdd(message.Descriptor, static type => new ReferredIds(type)).fields)
        {
            var value = field.Accessor.GetValue(message);
            if (value is string id)
            {
                if (id.Length > 0) (found ??= new(1)).Add((refersTo, id));
            }
            else if (value is IMessage part)
            {
                Collect(part, ref found);
            }
            else if (value is IList parts)
            {
                CollectAll(parts, refersTo, ref found);
            }
        }
    }

    private static void CollectAll(IList parts, RefersTo refersTo, ref List<(RefersTo, string)>? found)
    {
        for (var i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            if (part is string id) (found ??= []).Add((refersTo, id));
            else Collect((IMessage)part!, ref found);
        }
    }

    private static bool Names(MessageDescriptor message, HashSet<MessageDescriptor> seen) =>
        seen.Add(message) && message.Fields.InFieldNumberOrder().Any(field =>
            !field.IsMap && (IsNaming(field) || IsEntered(field, seen)));

    private static bool IsEntered(FieldDescriptor field, HashSet<MessageDescriptor> seen) =>
        field.FieldType == FieldType.Message && Names(field.MessageType, seen);

    private static bool IsNaming(FieldDescriptor field) => RefersToOf(field) is RefersTo.Brand or RefersTo.Store;

    private static RefersTo RefersToOf(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(OptionsExtensions.Field) is { Creates: false } rule
            ? rule.RefersTo
            : RefersTo.Unspecified;
}
