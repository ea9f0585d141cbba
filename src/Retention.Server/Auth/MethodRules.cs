using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using Retention.V1;

namespace Retention.Server.Auth;

/// <summary>
/// Who may call what, as the protos declare it; computed once. A method without a rule stops the server, so that
/// nobody can forget one.
/// </summary>
public sealed class MethodRules
{
    private readonly FrozenDictionary<MethodDescriptor, Access> methods;

    private MethodRules(FrozenDictionary<MethodDescriptor, Access> methods) => this.methods = methods;

    public static MethodRules Of(IEnumerable<ServiceDescriptor> services)
    {
        var methods = services.SelectMany(service => service.Methods).ToList();
        var faults = methods.SelectMany(Faults).ToList();
        return faults.Count == 0
            ? new MethodRules(methods.ToFrozenDictionary(method => method, Declared))
            : throw new InvalidOperationException($"The server cannot start: {string.Join("; ", faults)}.");
    }

    public bool IsOpen(MethodDescriptor method) => methods[method].IsOpen;

    public bool IsBatch(MethodDescriptor method) => methods[method].IsBatch;

    public bool Allows(MethodDescriptor method, Role role) => (methods[method].Roles & Bit(role)) != 0;

    private static IEnumerable<string> Faults(MethodDescriptor method)
    {
        if (IsStandard(method)) yield break;
        if (RuleOf(method) is not { } rule)
        {
            yield return $"{method.FullName} declares no rule";
            yield break;
        }

        if (rule.Open) yield return $"{method.FullName} is open, which only health and reflection may be";
        if (rule.Roles.Count == 0) yield return $"{method.FullName} allows no role";
        if (rule.Roles.Contains(Role.Unspecified)) yield return $"{method.FullName} allows a role that nobody has";
        if (rule.Changes && !CarriesRequestId(method.InputType))
        {
            yield return $"{method.FullName} changes state but its request has no string request_id = 1";
        }
    }

    // Requests are compared without their request id, which therefore stands first in their bytes. A stream's elements
    // carry their own.
    private static bool CarriesRequestId(MessageDescriptor request) =>
        request.FindFieldByNumber(1) is { Name: "request_id", FieldType: FieldType.String };

    private static Access Declared(MethodDescriptor method)
    {
        if (IsStandard(method)) return new Access(0, true, false);
        var rule = RuleOf(method)!;
        return new Access(rule.Roles.Aggregate(0, (bits, role) => bits | Bit(role)), false, rule.Batch);
    }

    private static MethodRule? RuleOf(MethodDescriptor method) => method.GetOptions()?.GetExtension(OptionsExtensions.Rule);

    // Protocols of gRPC itself, whose protos are not ours to annotate.
    private static bool IsStandard(MethodDescriptor method) =>
        method.Service.File.Package is "grpc.health.v1" or "grpc.reflection.v1" or "grpc.reflection.v1alpha";

    private static int Bit(Role role) => 1 << (int)role;

    private readonly record struct Access(int Roles, bool IsOpen, bool IsBatch);
}
