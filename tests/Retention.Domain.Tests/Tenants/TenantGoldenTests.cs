using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Credentials;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Tenants;

/// <summary>Facts are stored for ever: what is in the golden files must be read, and written the same, by every version.</summary>
public sealed class TenantGoldenTests
{
    private static readonly Instant At = Instant.FromUtc(2017, 3, 1, 17, 0) + Duration.FromMilliseconds(123);

    private static readonly (IGrainKind Kind, object Fact)[] Examples =
    [
        (TenantGrains.Tenant, new TenantCreated("t1", "Shops", "USD", "America/New_York", At, "a2V5")),
        (TenantGrains.Tenant, new BrandCreated(new Brand("b1", "First"))),
        (TenantGrains.Tenant, new StoreCreated(new Store("s1", "b1", "Harbour", "Europe/Vilnius", "e1", "s0"))),
        (TenantGrains.Tenant, new LegalEntityCreated(new LegalEntity("e1", "Franchise Ltd", "LT1", "LT"))),
        (TenantGrains.Tenant, new ProgramUpdated(new Program(2, 1_500, 500, 365, 9_000, false))),
        (TenantGrains.Tenant, new ClockAdvanced(At)),
        (TenantGrains.Tenant, new CashiersKnown()),
        (TenantGrains.Tenant, new AgreementNoted(new AgreementRef("a1", "b1", "b2", "J1"))),
        (TenantGrains.Tenant, new ProposalsDropped(["a1"])),
        (TenantGrains.Tenant, new TriggerSet(new TriggerLeg("a1", "1", "b1", 1_000, ["food"], "a2V5") { IsPaused = true })),
        (CredentialGrains.CredentialGrain, new CredentialCreated(
            "cred_1", "t1", CredentialRole.Store, "b1", "s1", "ZGlnZXN0", At, At)),
        (CredentialGrains.CredentialGrain, new CredentialRotated("ZGlnZXN0", At, At, At)),
        (CredentialGrains.CredentialGrain, new CredentialRevoked(At)),
        (CredentialGrains.CredentialsOfGrain, new OwnerRegistered(At)),
        (CredentialGrains.CredentialsOfGrain, new CredentialsListed(["cred_1", "cred_2"])),
    ];

    public static TheoryData<string> Names => new(Examples.Select(example => example.Fact.GetType().Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fact_is_stored_as_its_golden_file_says(string name)
    {
        var (kind, fact) = Examples.Single(example => example.Fact.GetType().Name == name);
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", $"{kind.Name}.{name}.json");

        var golden = File.ReadAllText(path).TrimEnd();

        Assert.Equal(golden, Encode(kind, fact));
        Assert.Equal(golden, Encode(kind, kind.DecodeFact(Encoding.UTF8.GetBytes(golden))));
    }

    [Fact]
    public void Every_fact_has_a_golden_file()
    {
        Type[] facts = [typeof(TenantFact), typeof(CredentialFact), typeof(CredentialsOfFact)];
        var stored = facts
            .SelectMany(fact => fact.GetCustomAttributes<JsonDerivedTypeAttribute>())
            .Select(attribute => attribute.DerivedType.Name);
        var declared = facts.SelectMany(fact => fact.Assembly.GetTypes().Where(type => type.IsSubclassOf(fact)))
            .Select(type => type.Name);

        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), stored.Order());
        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), declared.Order());
    }

    private static string Encode(IGrainKind kind, object fact)
    {
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(fact, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
