using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Versions of terms, told a second time: which is in force, that each coupon was issued under that one and for what
/// it says, and that each redemption credited the share of the coupon's own version, whatever was amended since.
/// </summary>
public sealed class NaiveTerms : INaiveLaw
{
    private const int Whole = 10_000;

    private readonly Dictionary<PartitionId, Book> books = [];
    private readonly List<Difference> differences = [];

    public string Name => "terms";

    public bool Concerns(string grainKind) => grainKind is "agreement" or "joint-coupon";

    public void See(NaiveFact fact)
    {
        if (!books.TryGetValue(fact.Grain.Partition, out var book)) books[fact.Grain.Partition] = book = new Book();
        if (fact.Grain.Kind == "agreement") book.SeeAgreement(fact);
        else if (book.FaultOfCoupon(fact) is { } fault) differences.Add(new Difference(fact.Grain, Name, fault));
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "agreement") yield break;
        var book = books.GetValueOrDefault(grain.Partition) ?? new Book();
        var (version, proposed) = ((int)state.Long("terms_version"), (int)state.Long("proposed_version"));
        if (version != book.InForce) yield return new Difference(grain, Name, $"shows version {version}, accepted is {book.InForce}");
        if (proposed != book.Proposed) yield return new Difference(grain, Name, $"shows proposal {proposed}, open is {book.Proposed}");
        var earlier = state.List("earlier").Select(one => (int)one.Long("terms_version")).ToList();
        if (!earlier.SequenceEqual(book.Before)) yield return new Difference(grain, Name, "shows other earlier versions than were in force");
    }

    public IEnumerable<Difference> Finish() => differences;

    /// <param name="FxSide">Whose tills count in <paramref name="FxDiscount"/>'s currency; empty: all count in one.</param>
    private readonly record struct Terms(
        long Discount, long ShareBps, bool IssuerRounds, string FxSide, long FxDiscount)
    {
        public static Terms Of(JsonElement json) => new(
            json.Long("discount_minor_units"),
            json.Long("issuer_share_bps"),
            json.Flag("issuer_rounds"),
            json.Part("fx")?.Text("side") ?? "",
            json.Part("fx")?.Long("discount_minor_units") ?? 0);

        /// <summary>Whether coupons of the leg are redeemed in the counter currency.</summary>
        public bool IsCounter(string leg) => FxSide == (leg == "1" ? "Second" : "First");

        public long DiscountOf(string leg) => IsCounter(leg) ? FxDiscount : Discount;

        public decimal ShareOf(long discount)
        {
            var exact = (decimal)discount * ShareBps / Whole;
            return IssuerRounds ? Math.Ceiling(exact) : Math.Floor(exact);
        }
    }

    private sealed class Book
    {
        private readonly Dictionary<int, Terms> versions = [];
        private readonly Dictionary<string, int> accepted = [];
        private readonly Dictionary<string, (int Version, string Leg)> versionOfCoupon = [];

        /// <summary>The version in force; before any is, the last proposed.</summary>
        public int InForce { get; private set; }

        public int Proposed { get; private set; }

        public List<int> Before { get; } = [];

        private bool IsActive { get; set; }

        public void SeeAgreement(NaiveFact fact)
        {
            if (fact.Type is "agreement-proposed" or "agreement-amended")
            {
                var version = (int)fact.Json.Long("terms_version");
                versions[version] = Terms.Of(fact.Json.GetProperty("terms"));
                if (IsActive) Proposed = version;
                else InForce = version;
            }
            else if (fact.Type == "agreement-accepted")
            {
                accepted[fact.Json.Text("side")] = (int)fact.Json.Long("terms_version");
                if (IsActive && BothAccepted(Proposed))
                {
                    Before.Add(InForce);
                    (InForce, Proposed) = (Proposed, 0);
                }
                else
                {
                    IsActive |= BothAccepted(InForce);
                }
            }
        }

        public string? FaultOfCoupon(NaiveFact fact)
        {
            if (fact.Type == "joint-coupon-issued")
            {
                var version = (int)fact.Json.Long("terms_version");
                var leg = fact.Json.Text("leg_id");
                versionOfCoupon[fact.Grain.Key] = (version, leg);
                if (!IsActive || version != InForce) return $"was issued under version {version}, in force is {InForce}";
                var (issued, agreed) = (fact.Json.Long("discount_minor_units"), versions[version].DiscountOf(leg));
                return issued == agreed ? null : $"was issued for {issued}, version {version} says {agreed}";
            }

            if (fact.Type != "joint-coupon-redeemed") return null;
            var (own, redeemedLeg) = versionOfCoupon.GetValueOrDefault(fact.Grain.Key);
            if (!versions.TryGetValue(own, out var terms)) return $"is redeemed under no known version {own}";

            // The share is one of what the till gave, in the till's currency.
            var shared = terms.IsCounter(redeemedLeg) ? "counter_minor_units" : "credit_minor_units";
            var (credit, due) = (fact.Json.Long(shared), terms.ShareOf(fact.Json.Long("discount_minor_units")));
            return credit == due ? null : $"credits {credit}, version {own} gives {due}";
        }

        private bool BothAccepted(int version) => version > 0
            && accepted.GetValueOrDefault("First") == version && accepted.GetValueOrDefault("Second") == version;
    }
}
