using System.Collections;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Domain.Tenants;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Rpc;

/// <summary>
/// Keeps a credential that is bound to a brand or store within it: a request that names another one,
/// in a field that the protos declare as such, is answered as if that one did not exist.
/// </summary>
public static class CallerScope
{
    private static readonly ConcurrentDictionary<MessageDescriptor, IdField[]> Known = [];

    public static ValueTask CheckAsync(IGrainHost host, CallContext call, IMessage request)
    {
        var caller = call.Caller();
        return caller.BrandId is null && caller.StoreId is null ? default : CheckBoundAsync(host, call, caller, request);
    }

    private static async ValueTask CheckBoundAsync(IGrainHost host, CallContext call, Caller caller, IMessage request)
    {
        foreach (var (refersTo, id) in Ids(request))
        {
            if (refersTo == RefersTo.Brand && caller.BrandId is { } brand && id != brand)
            {
                throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.BrandNotFound, ("brand_id", id)));
            }

            if (refersTo == RefersTo.Store && !await IsOwnStoreAsync(host, call, caller, id))
            {
                throw ErrorMap.ToFailure(Refusal.Because(RefusalReason.StoreNotFound, ("store_id", id)));
            }
        }
    }

    private static async ValueTask<bool> IsOwnStoreAsync(IGrainHost host, CallContext call, Caller caller, string id)
    {
        if (caller.StoreId is { } store) return id == store;
        var tenant = TenantGrains.Id(caller.TenantId);
        Decision BrandOf(ITurn turn) =>
            Decision.With(turn.State<TenantState>(tenant).Stores.GetValueOrDefault(id)?.BrandId ?? "");
        var answer = await host.AskAsync(new Command(caller.Partition, [], 0, BrandOf), call.Cancellation);
        return (string)Asking.Granted(answer) == caller.BrandId;
    }

    private static IEnumerable<(RefersTo RefersTo, string Id)> Ids(IMessage message)
    {
        foreach (var (field, refersTo) in Known.GetOrAdd(message.Descriptor, Fields))
        {
            var value = field.Accessor.GetValue(message);
            if (value is string id)
            {
                if (id.Length > 0) yield return (refersTo, id);
                continue;
            }

            foreach (var found in Inside(value, refersTo))
            {
                yield return found;
            }
        }
    }

    private static IEnumerable<(RefersTo RefersTo, string Id)> Inside(object? value, RefersTo refersTo) => value switch
    {
        IMessage part => Ids(part),
        IEnumerable parts => parts.Cast<object>().SelectMany(part => part is string id ? [(refersTo, id)] : Inside(part, refersTo)),
        _ => [],
    };

    // Ids that the request creates bind nothing, and maps hold no ids.
    private static IdField[] Fields(MessageDescriptor message) =>
    [
        .. message.Fields.InFieldNumberOrder()
            .Where(field => !field.IsMap)
            .Select(field => new IdField(field, RefersToOf(field)))
            .Where(field => field.RefersTo is RefersTo.Brand or RefersTo.Store
                || field.Field.FieldType == FieldType.Message),
    ];

    private static RefersTo RefersToOf(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(OptionsExtensions.Field) is { Creates: false } rule
            ? rule.RefersTo
            : RefersTo.Unspecified;

    private readonly record struct IdField(FieldDescriptor Field, RefersTo RefersTo);
}
