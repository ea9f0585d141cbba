using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Links;
using Retention.Kernel;

namespace Retention.Domain.Tests.Links;

/// <summary>Facts of persons and tokens are stored for ever: the golden files must be read, and written the same.</summary>
public sealed class LinkGoldenTests
{
    private static readonly Instant At = Instant.FromUtc(2017, 5, 1, 16, 0);

    private static readonly (IGrainKind Kind, object Fact)[] Examples =
    [
        (LinkGrains.Person, new PersonOffered("c2VhbGVk") { At = At }),
        (LinkGrains.Person, new PersonLinked("link_1", "a1b2", "c2VhbGVk") { At = At }),
        (LinkGrains.Person, new PersonUnlinked("link_1", UnlinkReason.Withdrawn) { At = At }),
        (LinkGrains.Person, new PersonStandingChanged(Standing.Withdrawn) { At = At }),
        (LinkGrains.Token, new TokenOffered(Side.First, "a1b2", Instant.FromUtc(2017, 6, 1, 4, 0)) { At = At }),
        (LinkGrains.Token, new TokenUsed { At = At }),
    ];

    public static TheoryData<string> Names => new(Examples.Select(example => example.Fact.GetType().Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fact_is_stored_as_its_golden_file_says(string name)
    {
        var (kind, fact) = Examples.Single(example => example.Fact.GetType().Name == name);

        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", $"{kind.Name}.{name}.json")).TrimEnd();

        Assert.Equal(golden, Encode(kind, fact));
        Assert.Equal(golden, Encode(kind, kind.DecodeFact(Encoding.UTF8.GetBytes(golden))));
    }

    [Fact]
    public void Every_fact_has_a_golden_file()
    {
        Type[] facts = [typeof(PersonFact), typeof(TokenFact)];
        var stored = facts
            .SelectMany(fact => fact.GetCustomAttributes<JsonDerivedTypeAttribute>())
            .Select(attribute => attribute.DerivedType.Name);

        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), stored.Order());
    }

    private static string Encode(IGrainKind kind, object fact)
    {
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(fact, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
