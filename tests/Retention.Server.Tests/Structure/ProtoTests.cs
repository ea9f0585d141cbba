using Google.Protobuf;
using Google.Protobuf.Reflection;
using Retention.Server.Auth;
using Retention.Server.Hosting;
using Retention.Server.Rpc;
using Retention.V1;

namespace Retention.Server.Tests.Structure;

/// <summary>Rules of the protos that no linter knows.</summary>
public sealed class ProtoTests
{
    // They name nothing that is stored under them alone, or something that is not the tenant's.
    private static readonly HashSet<string> NamesNothing =
    [
        "request_id", "till_id", "cashier_id", "line_id", "product_id", "order_id", "return_id", "gift_id",
        "campaign_id", "contact_id", "vat_id",
    ];

    // The two sides of an agreement are usually two tenants: naming the other one is the point of them.
    private static readonly HashSet<string> NamesTheOtherSide =
    [
        "retention.v1.AgreementParty.tenant_id", "retention.v1.AgreementParty.brand_id", "retention.v1.Funding.tenant_id",
        "retention.v1.TaxTerms.invoice_issuer_tenant_id", "retention.v1.FundingCap.tenant_id",
        "retention.v1.FxTerms.tenant_id", "retention.v1.FxTerms.rounding_party_tenant_id",
    ];

    private static IEnumerable<MethodDescriptor> Methods =>
        RpcServices.Descriptors.SelectMany(service => service.Methods);

    [Fact]
    public void Every_id_of_a_request_says_what_it_refers_to()
    {
        var silent =
            from message in Methods.SelectMany(method => Reachable(method.InputType, [])).Distinct()
            from field in message.Fields.InFieldNumberOrder()
            where field.FieldType == FieldType.String && (field.Name.EndsWith("_id") || field.Name.EndsWith("_ids"))
            where !NamesNothing.Contains(field.Name) && !NamesTheOtherSide.Contains(field.FullName)
            where field.GetOptions()?.GetExtension(OptionsExtensions.Field) is null
            select field.FullName;

        Assert.Empty(silent);
    }

    [Fact]
    public void Every_service_of_the_protos_is_served()
    {
        var declared = typeof(TenantServiceReflection).Assembly.GetTypes()
            .Where(type => type.Namespace == "Retention.V1" && type.Name.EndsWith("ServiceReflection"))
            .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
            .SelectMany(file => file.Services)
            .Select(service => service.FullName);

        Assert.Equal(declared.Order(), RpcServices.Descriptors.Select(service => service.FullName).Order());
    }

    [Fact]
    public void Each_rpc_has_a_request_and_a_response_of_its_own()
    {
        foreach (var method in Methods)
        {
            Assert.Equal(method.Name + "Request", method.InputType.Name);
            Assert.Equal(method.Name + "Response", method.OutputType.Name);
        }
    }

    [Fact]
    public void An_rpc_without_a_rule_stops_the_start()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => MethodRules.Of([Undeclared()]));

        Assert.Contains("retention.v1.Probe.Forgotten declares no rule", fault.Message);
    }

    [Fact]
    public void What_is_personal_or_secret_does_not_enter_the_ledger()
    {
        var format = new ProtoReply<string, CreateCredentialResponse>(key => new()
        {
            ApiKey = key, Credential = new Credential { CredentialId = "cred_1" },
        });

        var kept = (CreateCredentialResponse)format.Decode(format.Encode(format.Shape("the secret")));

        Assert.Empty(kept.ApiKey);
        Assert.Equal("cred_1", kept.Credential.CredentialId);
    }

    private static ServiceDescriptor Undeclared()
    {
        var file = new FileDescriptorProto
        {
            Name = "probe.proto",
            Package = "retention.v1",
            Syntax = "proto3",
            MessageType = { new DescriptorProto { Name = "Nothing" } },
            Service =
            {
                new ServiceDescriptorProto
                {
                    Name = "Probe",
                    Method =
                    {
                        new MethodDescriptorProto
                        {
                            Name = "Forgotten",
                            InputType = ".retention.v1.Nothing",
                            OutputType = ".retention.v1.Nothing",
                        },
                    },
                },
            },
        };
        return FileDescriptor.BuildFromByteStrings([file.ToByteString()])[0].Services[0];
    }

    private static IEnumerable<MessageDescriptor> Reachable(MessageDescriptor message, HashSet<MessageDescriptor> seen) =>
        seen.Add(message) && message.File.Package == "retention.v1"
            ? message.Fields.InFieldNumberOrder()
                .Where(field => field.FieldType == FieldType.Message)
                .SelectMany(field => Reachable(field.MessageType, seen))
                .Prepend(message)
            : [];
}
