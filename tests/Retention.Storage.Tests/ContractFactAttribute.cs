using Retention.Tests.Postgres;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Retention.Storage.Tests;

/// <summary>A test of the store contract. Adapters whose database is not installed here are skipped, visibly.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Retention.Storage.Tests.ContractFactDiscoverer", "Retention.Storage.Tests")]
public sealed class ContractFactAttribute : FactAttribute;

public sealed class ContractFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
    [
        new ContractTestCase(
            messages, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod),
    ];
}

public sealed class ContractTestCase : XunitTestCase
{
    [Obsolete("For the deserializer.")]
    public ContractTestCase()
    {
    }

    public ContractTestCase(
        IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        var needsPostgres = typeof(PostgresStoreTests).FullName == TestMethod.TestClass.Class.Name;
        return needsPostgres && !PostgresServer.IsInstalled ? PostgresServer.Missing : base.GetSkipReason(factAttribute);
    }
}
