using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Domain.Purchases;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

/// <summary>Facts are stored for ever: what is in the golden files must be read, and written the same, by every version.</summary>
public sealed class GoldenTests
{
    private static readonly Instant At = Instant.FromUtc(2017, 3, 1, 17, 0) + Duration.FromMilliseconds(123);
    private static readonly Instant End = Instant.FromUtc(2018, 3, 1, 5, 0);
    private static readonly LotSlice Slice = new(7, 4_000, "shoes", 1, At, End);
    private static readonly Consent Consent = new("shoes", "email", "marketing", true, "form", "v1", At);

    private static readonly (IGrainKind Kind, object Fact)[] Examples =
    [
        (CustomerGrains.Customer, new CustomerEnrolled([new(CustomerKeyKind.Card, "a1b2")], "c2VhbGVk", [Consent])),
        (CustomerGrains.Customer, new CardReplaced(["a1b2"], "c3d4", "lost")),
        (CustomerGrains.Customer, new CardBlocked("a1b2", "stolen")),
        (CustomerGrains.Customer, new ProfileChanged([new(CustomerKeyKind.Email, "e5f6", true)], "c2VhbGVk")),
        (CustomerGrains.Customer, new ConsentsChanged([Consent with { IsGranted = false }])),
        (CustomerGrains.Customer, new ContactLogged("con_1", "phone", true, "service", "answered", "c2VhbGVk", At)),
        (CustomerGrains.Customer, new CustomerErased("asked for it")),
        (CustomerGrains.Customer, new PurchaseRecorded(
            "pos", "p1", At - Duration.FromDays(1), 1_099, 99, 7_500, 2_500, 500, 7, 1, End, [new("a", "sku", "boots", 2, 1_099, 10, 20)], "o1", ["red_1"])),
        (CustomerGrains.Customer, new ReturnRecorded("pos", "p1", "r1", 500, 5_000, [Slice], 100, 600, 300, "too small")),
        (CustomerGrains.Customer, new VoidRecorded("pos", "p1", 500, 5_000, [Slice], 100, 600, 300, "typed twice")),
        (CustomerGrains.Customer, new PurchaseHandedOver(
            "pos", "p1", "bob", 500, 5_000, [Slice], 100, 600, 300, "forgot the card")),
        (CustomerGrains.Customer, new PurchaseTakenOver(
            "pos", "p1", "ann", "shoes", At - Duration.FromDays(1), 500, 5_000, 600, 7, 1, End, "forgot the card")),
        (CustomerGrains.Customer, new PointsRedeemed("red_1", 4_000, [Slice], "mug", "pos", "o1")),
        (CustomerGrains.Customer, new RedemptionReversed("red_1", 4_000, [Slice], [Slice with { Millipoints = 1 }], "broken")),
        (CustomerGrains.Customer, new JointCouponHeld(new("c1", "agr", "X-1", "hats", 199, "USD", End))),
        (CustomerGrains.Customer, new JointCouponEnded("c1", "agr", true)),
        (CustomerGrains.Customer, new PointsHeld("hold_1", 4_000, [Slice], End)),
        (CustomerGrains.Customer, new HoldCaptured("hold_1", "red_1", 4_000, [Slice])),
        (CustomerGrains.Customer, new HoldVoided("hold_1")),
        (CustomerGrains.Customer, new PointsAdjusted(-4_000, [Slice], [Slice], [Slice], "goodwill")),
        (CustomerGrains.Customer, new PointsSent("trf_1", "bob", 4_000, [Slice], "family")),
        (CustomerGrains.Customer, new PointsReceived("trf_1", "ann", 4_000, [Slice], [Slice], "family")),
        (CustomerGrains.Customer, new LinkOffered("agr", Side.Second, "shoes", End)),
        (CustomerGrains.Customer, new CustomerLinked("agr", Side.Second, "shoes", "link_1")),
        (CustomerGrains.Customer, new CustomerUnlinked("agr", "link_1")),
        (CustomerGrains.Key, new KeyTaken("ann") { At = At }),
        (CustomerGrains.Key, new KeyBlocked { At = At }),
        (CustomerGrains.Key, new KeyFreed { At = At }),
        (CustomerGrains.Purchase, new PurchaseReturned("r1", "ann", [new("a", 1, 500)], 500, 5_000, true) { At = At }),
        (CustomerGrains.Purchase, new PurchaseVoided("ann", 500, 5_000) { At = At }),
        (CustomerGrains.Purchase, new PurchaseReassigned("ann", "bob", 7) { At = At }),
    ];

    public static TheoryData<string> Names => new(Examples.Select(example => example.Fact.GetType().Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fact_is_stored_as_its_golden_file_says(string name)
    {
        var (kind, fact) = Examples.Single(example => example.Fact.GetType().Name == name);
        if (fact is CustomerFact common) fact = common with { At = At, Origin = World.Till };
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", $"{kind.Name}.{name}.json");

        var golden = File.ReadAllText(path).TrimEnd();

        Assert.Equal(golden, Encode(kind, fact));
        Assert.Equal(golden, Encode(kind, kind.DecodeFact(Encoding.UTF8.GetBytes(golden))));
    }

    [Fact]
    public void Every_fact_has_a_golden_file()
    {
        Type[] facts = [typeof(CustomerFact), typeof(KeyFact), typeof(PurchaseFact)];
        var stored = facts
            .SelectMany(fact => fact.GetCustomAttributes<JsonDerivedTypeAttribute>())
            .Select(attribute => attribute.DerivedType.Name);
        var declared = facts.SelectMany(fact => fact.Assembly.GetTypes().Where(type => type.IsSubclassOf(fact)))
            .Select(type => type.Name);

        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), stored.Order());
        Assert.Equal(Examples.Select(example => example.Fact.GetType().Name).Order(), declared.Order());
    }

    [Fact]
    public void An_ordinary_sale_is_stored_in_a_quarter_of_a_kilobyte()
    {
        var sale = new PurchaseRecorded(
            "till-1", "2017-0301-000123", null, 1_099, 0, 10_000, 0, 0, 7, 1, End, [new("1", null, null, 1, 1_099)], null, default)
        {
            At = At,
            Origin = World.Till,
        };

        Assert.InRange(Encode(CustomerGrains.Customer, sale).Length, 1, 256);
    }

    private static string Encode(IGrainKind kind, object fact)
    {
        var bytes = new ArrayBufferWriter<byte>();
        kind.EncodeFact(fact, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
