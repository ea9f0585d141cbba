using Google.Protobuf.Reflection;
using Retention.Engine.Ports;
using Retention.Server.Auth;
using Retention.Server.Persons;
using Retention.Server.Services;
using Retention.Server.Signing;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Hosting;

/// <summary>What the services of one server share.</summary>
public sealed record ServiceParts(
    IGrainHost Grains,
    MethodRules Rules,
    Authentication Authentication,
    IPersonKeys Persons,
    CodeGuard Codes,
    CancellationToken Draining);

/// <summary>Every service of the product. A new one is a descriptor and an object here.</summary>
public static class RpcServices
{
    public static IReadOnlyList<ServiceDescriptor> Descriptors { get; } =
    [
        TenantServiceReflection.Descriptor.Services[0],
        OfferServiceReflection.Descriptor.Services[0],
        CouponServiceReflection.Descriptor.Services[0],
        AgreementServiceReflection.Descriptor.Services[0],
        OperationServiceReflection.Descriptor.Services[0],
        DiagnosticsServiceReflection.Descriptor.Services[0],
        FeedServiceReflection.Descriptor.Services[0],
        CustomerServiceReflection.Descriptor.Services[0],
        PurchaseServiceReflection.Descriptor.Services[0],
        LoyaltyServiceReflection.Descriptor.Services[0],
        EntityClearingServiceReflection.Descriptor.Services[0],
    ];

    /// <summary>Protocols of gRPC itself: open to everyone.</summary>
    public static IReadOnlyList<ServiceDescriptor> StandardDescriptors { get; } =
    [
        Grpc.Health.V1.HealthReflection.Descriptor.Services[0],
        Grpc.Reflection.V1.ReflectionReflection.Descriptor.Services[0],
        Grpc.Reflection.V1Alpha.ReflectionReflection.Descriptor.Services[0],
    ];

    public static IReadOnlyList<IRpcService> Create(ServiceParts parts) =>
    [
        new TenantService(parts.Grains, parts.Authentication),
        new OfferService(parts.Grains),
        new CouponService(parts.Grains, parts.Codes, new CouponSigner(parts.Persons)),
        new AgreementService(parts.Grains),
        new OperationService(parts.Grains, parts.Rules, Descriptors),
        new DiagnosticsService(),
        new FeedService(parts.Grains, parts.Draining),
        new CustomerService(parts.Grains, parts.Persons),
        new PurchaseService(parts.Grains),
        new LoyaltyService(parts.Grains),
        new EntityClearingService(parts.Grains),
    ];
}
