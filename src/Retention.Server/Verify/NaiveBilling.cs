using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Fees and taxes of agreements, told a second time from the terms alone: what each fee must be, what is left of a
/// redemption's when a part of its credit went back, and the tax on what stands of everything that is taxed.
/// </summary>
public sealed class NaiveBilling : INaiveLaw
{
    private readonly Dictionary<PartitionId, Book> books = [];

    public string Name => "billing";

    public bool Concerns(string grainKind) => grainKind is "agreement" or "account" or "joint-coupon";

    public void See(NaiveFact fact)
    {
        if (!books.TryGetValue(fact.Grain.Partition, out var book)) books[fact.Grain.Partition] = book = new Book();
        switch (fact.Type)
        {
            case "agreement-proposed" or "agreement-amended":
                book.Versions[fact.Json.Long("terms_version")] = NaiveBillingTerms.Of(fact.Json.GetProperty("terms"));
                break;
            case "joint-coupon-issued":
                book.Issued[fact.Grain.Key] = (fact.Json.Text("leg_id"), fact.Json.Long("terms_version"));
                break;
            case "joint-coupon-redeemed":
                book.Redeemed[fact.Json.Text("redemption")] = (book.Given(fact), fact.Json.Long("credit_minor_units"));
                break;
            case "issue-counted":
                book.Face = fact.Json.Long("discount_minor_units");
                break;
            default:
                if (fact.Grain.Kind == "account" && fact.Json.Long("number") > 0) book.See(fact);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "account" || !books.TryGetValue(grain.Partition, out var book)) return [];
        book.JudgeAll();
        return book.Faults.Select(fault => new Difference(grain, Name, fault));
    }

    public IEnumerable<Difference> Finish() => [];

    /// <summary>Something that is owed and may be taken back in parts: a credit, its fee, or one entry's fee.</summary>
    private sealed class Item(string name, NaiveBillingTerms terms)
    {
        public string Name => name;

        public NaiveBillingTerms Terms => terms;

        public long Standing { get; set; }

        public long Tax { get; set; }

        public long Included { get; set; }

        public bool IsTaxed { get; init; } = true;
    }

    private sealed class Book
    {
        private readonly Dictionary<string, Item> items = [];
        private readonly Dictionary<long, Item> ofEntry = [];

        public Dictionary<long, NaiveBillingTerms> Versions { get; } = [];

        public Dictionary<string, (string Leg, long Version)> Issued { get; } = [];

        /// <summary>In the account's currency.</summary>
        public Dictionary<string, (long Discount, long Credit)> Redeemed { get; } = [];

        /// <summary>What the last coupon was issued for, in the account's currency.</summary>
        public long Face { get; set; }

        public List<string> Faults { get; } = [];

        public long Given(NaiveFact fact)
        {
            var (leg, version) = Issued.GetValueOrDefault(fact.Grain.Key);
            var discount = fact.Json.Long("discount_minor_units");
            return Versions.GetValueOrDefault(version) is { } terms && fact.Json.Part("rate") is { } rate
                ? terms.InAccount(leg ?? "", discount, rate)
                : discount;
        }

        public void See(NaiveFact fact)
        {
            var (json, first) = (fact.Json, FirstNet(fact.Json));
            if (fact.Type == "tax-cleared")
            {
                Taxed(json, first);
                return;
            }

            if (ItemOf(fact) is not { } item) return;
            ofEntry[json.Long("number")] = item;
            item.Standing += first;
            item.Included += json.Long("tax_included_minor_units");
            var included = item.IsTaxed ? item.Terms.TaxIncludedIn(item.Standing) : 0;
            if (item.Included != included) Faults.Add($"{item.Name}: {item.Included} tax is told as contained");
            if (fact.Type == "fee-cleared") JudgeFee(item, json, first);
            else if (fact.Type == "fee-reversed") JudgeFeeOf(item, json);
        }

        public void JudgeAll()
        {
            foreach (var item in items.Values) JudgeTax(item);
        }

        private void Taxed(JsonElement json, long first)
        {
            if (!ofEntry.TryGetValue(json.Long("taxed_number"), out var item))
            {
                Faults.Add($"entry {json.Long("number")} taxes nothing that is taxed");
                return;
            }

            item.Tax += first;
            if (json.Long("rate_bps") != item.Terms.RateBps) Faults.Add($"entry {json.Long("number")} taxes at {json.Long("rate_bps")}");
            JudgeTax(item);
        }

        private void JudgeTax(Item item)
        {
            var due = item.IsTaxed ? item.Terms.TaxOnTopOf(item.Standing) : 0;
            if (item.Tax != due) Faults.Add($"{item.Name}: {item.Tax} tax on {item.Standing}, the terms say {due}");
        }

        // A fee of an issue or month is what the terms say; a redemption's by the share of the credit that stands.
        private void JudgeFee(Item item, JsonElement json, long first)
        {
            var trigger = json.Text("trigger");
            if (trigger == "OfflineLoss") return;
            if (trigger == "Redemption")
            {
                JudgeFeeOf(item, json);
                return;
            }

            var leg = trigger == "Period" ? "1" : json.Text("leg_id");
            var due = item.Terms.FeeOf(trigger, item.Terms.IsCounter(leg) ? Face : item.Terms.Discount);
            if (first != item.Terms.ToFirst(trigger, leg, due)) Faults.Add($"{item.Name}: a fee of {first}, the terms say {due}");
        }

        private void JudgeFeeOf(Item fee, JsonElement json)
        {
            var redemption = json.Text("redemption");
            var (discount, credit) = Redeemed.GetValueOrDefault(redemption);
            var whole = fee.Terms.FeeOf("Redemption", discount);
            var standing = Math.Abs(items.GetValueOrDefault("credit of " + redemption)?.Standing ?? 0);
            var due = fee.Terms.ToFirst(
                "Redemption", json.Text("leg_id"), credit == 0 ? whole : (long)((decimal)whole * standing / credit));
            var isGone = credit == 0 && fee.Standing == 0;
            if (fee.Standing != due && !isGone) Faults.Add($"{fee.Name}: {fee.Standing} stands, the terms say {due}");
        }

        private Item? ItemOf(NaiveFact fact)
        {
            var (json, redemption) = (fact.Json, fact.Json.Text("redemption"));
            var name = fact.Type switch
            {
                "fee-cleared" when json.Text("trigger") != "Redemption" => $"fee {json.Long("number")}",
                "fee-cleared" or "fee-reversed" => "fee of " + redemption,
                "dispute-resolved" when redemption.Length == 0 => $"fee {json.Long("disputed_number")}",
                "settlement-confirmed" or "dispute-opened" or "redemption-pending" or "redemption-unconfirmed" => "",
                _ => "credit of " + redemption,
            };
            if (name.Length == 0) return null;
            if (items.TryGetValue(name, out var known)) return known;
            return items[name] = new Item(name, Versions[json.Long("terms_version")])
            {
                IsTaxed = json.Text("trigger") != "OfflineLoss",
            };
        }

        private static long FirstNet(JsonElement json) => NaiveEntry.First(json, "");
    }
}
