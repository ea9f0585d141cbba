using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Retention.Server.Hosting;
using Retention.Server.Tests.Support;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Security;

/// <summary>
/// Law: a request id stands for one request: the same one again is answered from the ledger, any other is refused.
/// Method: every changing rpc is called with a valid request, then once more as it is, then with one field changed.
/// </summary>
public sealed class RepeatTests
{
    [Fact]
    public async Task Another_request_under_a_used_id_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var tenant = await server.CreateTenantAsync(virtualStart: Samples.Start);
        var faults = new List<string>();
        var probes = 0;
        foreach (var method in RpcServices.Descriptors.SelectMany(service => service.Methods).Where(IsProbed))
        {
            probes++;
            faults.AddRange((await ProbeAsync(method, tenant)).Select(fault => $"{method.Name}: {fault}"));
        }

        Assert.True(probes > 5, "too few probes to mean anything");
        Assert.Empty(faults);
    }

    // A request that is only its id has no other content; in a stream the items have ids of their own.
    private static bool IsProbed(MethodDescriptor method) =>
        method.GetOptions().GetExtension(OptionsExtensions.Rule).Changes
        && !method.IsClientStreaming
        && method.InputType.Fields.InDeclarationOrder().Count > 1;

    private static async Task<List<string>> ProbeAsync(MethodDescriptor method, TestTenant tenant)
    {
        var roles = method.GetOptions().GetExtension(OptionsExtensions.Rule).Roles;
        var key = await tenant.KeyAsync(roles.Contains(Role.TenantAdmin) ? Role.TenantAdmin : roles[0]);
        var request = await new RequestFactory(tenant).MakeAsync(method.InputType);
        var first = await tenant.Client.CallAsync(method, request, key);
        var again = await tenant.Client.CallAsync(method, request, key);
        var other = method.InputType.Parser.ParseFrom(request.ToByteString());
        if (!Change(other)) return ["no field of it could be changed"];
        var changed = await tenant.Client.CallAsync(method, other, key);

        var faults = new List<string>();
        if (first.Code != RpcStatus.Ok) faults.Add($"a good request was refused: {first.Code} {first.Message}");
        if (again.Code != RpcStatus.Ok) faults.Add($"its repetition was refused: {again.Code} {again.Message}");
        if (changed.Reason != "REQUEST_ID_REUSED") faults.Add($"other content: {changed.Code} {changed.Message}");
        if (changed.Code != RpcStatus.AlreadyExists) faults.Add($"other content: {changed.Code}");
        return faults;
    }

    // A change that passes the checks of the fields: text is preferred, ids come last.
    private static bool Change(IMessage message) =>
        Fields(message).OrderBy(Rank).Any(field => TryChange(message, field));

    private static IEnumerable<FieldDescriptor> Fields(IMessage message) => message.Descriptor.Fields.InFieldNumberOrder()
        .Where(field => !field.IsMap && field.Name is not ("request_id" or "currency_code" or "time_zone" or "country"));

    private static int Rank(FieldDescriptor field) => field.Name switch
    {
        "display_name" or "reason" => 0,
        _ when IdField.RuleOf(field) is { RefersTo: not RefersTo.Unspecified } => 3,
        _ when field.FieldType == FieldType.Message => 2,
        _ => 1,
    };

    private static bool TryChange(IMessage message, FieldDescriptor field)
    {
        var value = field.Accessor.GetValue(message);
        if (field.IsRepeated)
        {
            return value is IList { Count: > 0 } many && many[0] is IMessage element && Change(element);
        }

        object? changed = value switch
        {
            Timestamp time => new Timestamp { Seconds = time.Seconds + 1 },
            Duration span => new Duration { Seconds = span.Seconds + 1 },
            string { Length: > 0 } text => text + "x",
            int number => number + 1,
            long number => number + 1,
            _ => null,
        };
        if (changed is null) return value is IMessage inner and not FieldMask && Change(inner);
        field.Accessor.SetValue(message, changed);
        return true;
    }
}
