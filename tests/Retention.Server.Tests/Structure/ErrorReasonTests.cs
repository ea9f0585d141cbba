using Retention.Domain.Credentials;
using Retention.Kernel;
using Retention.Rpc;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Tests.Structure;

public sealed class ErrorReasonTests
{
    private static readonly RefusalReason[] Reasons = Enum.GetValues<RefusalReason>();

    [Fact]
    public void Every_refusal_has_its_reason_in_the_protos_and_the_reverse()
    {
        var declared = ErrorReasonReflection.Descriptor.EnumTypes
            .Single(type => type.Name == nameof(ErrorReason)).Values
            .Select(value => value.Name["ERROR_REASON_".Length..]);

        Assert.Equal(declared.Order(), Reasons.Select(ErrorMap.ReasonName).Order());
    }

    [Fact]
    public void Every_refusal_has_a_status_of_its_kind()
    {
        foreach (var reason in Reasons.Where(reason => reason != RefusalReason.Unspecified))
        {
            var status = ErrorMap.ToStatus(reason);
            var name = reason.ToString();
            if (name.EndsWith("NotFound", StringComparison.Ordinal)) Assert.Equal(RpcStatus.NotFound, status);
            if (name.EndsWith("Exists", StringComparison.Ordinal)) Assert.Equal(RpcStatus.AlreadyExists, status);
            if (name.EndsWith("Reused", StringComparison.Ordinal)) Assert.Equal(RpcStatus.AlreadyExists, status);
            Assert.NotEqual(RpcStatus.Ok, status);
            Assert.NotEqual(RpcStatus.Internal, status);
        }
    }

    [Fact]
    public void A_refusal_tells_its_numbers_and_when_to_come_back()
    {
        var failure = ErrorMap.ToFailure(
            Refusal.Because(RefusalReason.InsufficientPoints, ("available", 10), ("requested", 50)));
        var busy = ErrorMap.ToFailure(Refusal.Because(RefusalReason.Overloaded));

        var info = failure.Details!.Details.Single().Unpack<ErrorInfo>();
        Assert.Equal("INSUFFICIENT_POINTS", info.Reason);
        Assert.Equal("retention", info.Domain);
        Assert.Equal("10", info.Metadata["available"]);
        Assert.Equal("insufficient points (available 10, requested 50)", failure.Message);
        Assert.Contains(busy.Details!.Details, detail => detail.Is(RetryInfo.Descriptor));
    }

    [Fact]
    public void Roles_have_one_name_on_the_wire_and_in_the_domain()
    {
        var wire = Enum.GetValues<Role>().Where(role => role != Role.Unspecified).Select(role => $"{(int)role} {role}");
        var domain = Enum.GetValues<CredentialRole>().Select(role => $"{(int)role} {role}");

        Assert.Equal(wire, domain);
    }
}
