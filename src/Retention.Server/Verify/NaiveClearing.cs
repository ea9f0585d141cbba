using System.Globalization;
using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The books of agreements, told a second time from the coupons' own facts: what each coupon came to, what both sides
/// are owed, the months' statements and their chain of hashes. The account's postings must say the same, sum to zero
/// one by one, and be numbered without a gap.
/// </summary>
public sealed class NaiveClearing : INaiveLaw
{
    private readonly Dictionary<PartitionId, Book> books = [];

    public string Name => "clearing";

    public bool Concerns(string grainKind) => grainKind is "account" or "account-mark" or "joint-coupon";

    public void See(NaiveFact fact)
    {
        var book = Of(fact.Grain.Partition);
        if (fact.Grain.Kind == "account") book.SeeAccount(fact);
        else if (fact.Grain.Kind == "joint-coupon") book.SeeCoupon(fact);
        else book.SeeMark(fact);
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state) => grain.Kind switch
    {
        "joint-coupon" => Of(grain.Partition).JudgeCoupon(grain, state),
        "account" => Of(grain.Partition).JudgeAccount(grain, state),
        _ => [],
    };

    public IEnumerable<Difference> Finish() => books.Values.SelectMany(book => book.Differences);

    private Book Of(PartitionId partition)
    {
        if (!books.TryGetValue(partition, out var book)) books[partition] = book = new Book(partition);
        return book;
    }

    /// <summary>One coupon as its own facts tell it.</summary>
    private sealed class Coupon
    {
        public string Leg { get; set; } = "";

        public string Status { get; set; } = "None";

        public string EndsOn { get; set; } = "";

        public long Credit { get; set; }

        public string Redemption { get; set; } = "";

        public long Reserved { get; set; }

        public long TakenBack { get; set; }

        public Instant? ConfirmBy { get; set; }

        public string Reservation { get; set; } = "";

        public Instant? ReservedUntil { get; set; }

        public bool IsSold { get; set; }

        public bool IsClawedBack { get; set; }

        private bool Counts => Status == "Redeemed" && !IsClawedBack;

        /// <summary>Whether something of the redemption stands, and with it fee and tax.</summary>
        public bool IsStanding => Counts && (ConfirmBy is null || IsSold) && (Credit == 0 || Credit > TakenBack);

        /// <summary>What the issuer owes for it.</summary>
        public long Owed => Counts && (ConfirmBy is null || IsSold) ? Credit - TakenBack : 0;

        /// <summary>What the issuer would owe for it if its sale came.</summary>
        public long OwedLater(Instant at) => Counts && !IsSold && ConfirmBy > at ? Credit - TakenBack : 0;

        public void Leave(string status) =>
            (Status, Credit, TakenBack, ConfirmBy, IsSold) = (status, 0, 0, null, false);
    }

    private sealed class Book(PartitionId partition)
    {
        private readonly Dictionary<string, Coupon> coupons = [];
        private readonly Dictionary<string, long> extras = [];
        private NaiveStatements statements = new("", "", "0001-01");
        private string currency = "";
        private long number;
        private long facts;
        private long firstPosted;
        private long secondPosted;

        private long firstPostedLater;
        private long secondPostedLater;

        /// <summary>Of what was posted to the first side, what is for coupons.</summary>
        private long firstForCoupons;

        private string lastDay = "";
        private Instant lastAt = Instant.MinValue;

        public List<Difference> Differences { get; } = [];

        private GrainId Account => new(partition, "account", partition.OwnerId);

        public void SeeCoupon(NaiveFact fact)
        {
            if (!coupons.TryGetValue(fact.Grain.Key, out var coupon)) coupons[fact.Grain.Key] = coupon = new Coupon();
            switch (fact.Type)
            {
                case "joint-coupon-issued":
                    coupon.Leg = Text(fact.Json, "leg_id");
                    coupon.EndsOn = Text(fact.Json, "ends_on");
                    coupon.Reserved = fact.Json.Long("reserved_minor_units");
                    coupon.Status = "Open";
                    break;
                case "joint-coupon-reserved":
                    coupon.Reservation = Text(fact.Json, "reservation");
                    coupon.ReservedUntil = fact.Json.Moment("until");
                    break;
                case "joint-coupon-released":
                    coupon.ReservedUntil = null;
                    break;
                case "joint-coupon-redeemed":
                    if (coupon.ReservedUntil > fact.Json.Moment("at") && Text(fact.Json, "reservation") != coupon.Reservation)
                    {
                        Tell($"coupon {fact.Grain.Key[..4]}... is redeemed while {coupon.Reservation} holds it");
                    }

                    coupon.ReservedUntil = null;
                    if (coupon.Status != "Open") Tell($"coupon {fact.Grain.Key[..4]}... is redeemed while {coupon.Status}");
                    coupon.Status = "Redeemed";
                    coupon.Credit = fact.Json.Long("credit_minor_units");
                    coupon.Redemption = Text(fact.Json, "redemption");
                    coupon.ConfirmBy = fact.Json.Moment("confirm_by");
                    break;
                case "joint-trigger-returned":
                    coupon.IsClawedBack = fact.Json.Flag("clawed_back");
                    break;
                case "joint-sale-seen":
                    coupon.IsSold = true;
                    break;
                case "joint-credit-taken-back":
                    coupon.TakenBack += fact.Json.Long("credit_minor_units");
                    break;
                case "joint-credit-given-back":
                    if (!coupon.IsClawedBack) Tell($"coupon {fact.Grain.Key[..4]}... is given back what was not clawed back");
                    coupon.IsClawedBack = false;
                    coupon.TakenBack = coupon.Credit - fact.Json.Long("credit_minor_units");
                    break;
                case "joint-coupon-reopened":
                    if (coupon.Status != "Redeemed") Tell($"coupon {fact.Grain.Key[..4]}... reopens while {coupon.Status}");
                    coupon.Leave("Open");
                    break;
                case "joint-coupon-voided":
                    coupon.Leave("Voided");
                    break;
            }
        }

        // Marks lead to entries: a wrong one would hide them.
        public void SeeMark(NaiveFact fact)
        {
            var ordinal = long.Parse(fact.Grain.Key, CultureInfo.InvariantCulture);
            if (fact.Json.Long("number") != number) Tell($"mark {ordinal} says {fact.Json.Long("number")} after entry {number}");
            if (ordinal * 256 > facts) Tell($"mark {ordinal} stands after {facts} facts");
        }

        public void SeeAccount(NaiveFact fact)
        {
            facts++;
            lastDay = Text(fact.Json, "on");
            if (fact.Type == "account-opened")
            {
                currency = Text(fact.Json, "currency");
                statements = new NaiveStatements(Text(fact.Json, "agreement_id"), currency, lastDay[..7]);
            }

            lastAt = Instant.Max(lastAt, fact.Json.Moment("at") ?? lastAt);
            if (fact.Json.Long("number") == 0) return;

            var (first, second, firstLater, secondLater) = (0L, 0L, 0L, 0L);
            foreach (var posting in fact.Json.List("postings"))
            {
                var (isFirst, isLater) = (Text(posting, "side") == "First", Text(posting, "book") == "Provisional");
                if (Text(posting, "book").StartsWith("Counter", StringComparison.Ordinal)) continue;
                var amount = posting.Long("minor_units");
                if (isFirst && isLater) firstLater += amount;
                else if (isFirst) first += amount;
                else if (isLater) secondLater += amount;
                else second += amount;
            }

            number++;
            if (first + second != 0) Tell($"entry {number} posts {first} and {second}");
            if (firstLater + secondLater != 0) Tell($"entry {number} posts {firstLater} and {secondLater} provisionally");
            if (fact.Json.Long("number") != number) Tell($"entry {fact.Json.Long("number")} follows {number - 1}");
            firstPosted += first;
            secondPosted += second;
            firstPostedLater += firstLater;
            secondPostedLater += secondLater;
            Sum(fact, first, second, firstLater);
        }

        public IEnumerable<Difference> JudgeCoupon(GrainId grain, JsonElement state)
        {
            var coupon = coupons.GetValueOrDefault(grain.Key) ?? new Coupon();
            if (Text(state, "status") != coupon.Status)
            {
                yield return new Difference(grain, "clearing", $"is {Text(state, "status")}, its facts say {coupon.Status}");
            }

            if (Number(state, "credit_minor_units") != coupon.Credit)
            {
                yield return new Difference(grain, "clearing", "shows another credit than its facts");
            }
        }

        public IEnumerable<Difference> JudgeAccount(GrainId grain, JsonElement state)
        {
            Compare(grain, "first net", firstPosted, Number(state, "first_net"));
            Compare(grain, "second net", secondPosted, Number(state, "second_net"));
            Compare(grain, "first provisional", firstPostedLater, Number(state, "first_provisional"));
            Compare(grain, "second provisional", secondPostedLater, Number(state, "second_provisional"));
            Compare(grain, "owed by the coupons", coupons.Values.Sum(c => Signed(c, c.Owed)), firstForCoupons);
            Compare(
                grain, "owed later by the coupons", coupons.Values.Sum(c => Signed(c, c.OwedLater(lastAt))), firstPostedLater);
            var standing = coupons.Values.Where(coupon => coupon.IsStanding).Select(coupon => coupon.Redemption).ToHashSet();
            Compare(
                grain,
                "fees and taxes of redemptions that came to nothing",
                extras.Where(extra => !standing.Contains(extra.Key)).Sum(extra => Math.Abs(extra.Value)),
                0);
            Compare(
                grain, "pending", state.List("pending").Sum(one => one.Long("first_minor_units")), firstPostedLater);
            Compare(grain, "lines", number, Number(state, "lines"));
            Compare(grain, "facts", facts, Number(state, "fact_count"));
            JudgeLeg(grain, "1", state.GetProperty("first"));
            JudgeLeg(grain, "2", state.GetProperty("second"));
            JudgeMonths(grain, state);
            return [];
        }

        private void JudgeLeg(GrainId grain, string leg, JsonElement counts)
        {
            var issued = coupons.Values.Where(coupon => coupon.Leg == leg).ToList();
            var open = issued.Where(coupon => coupon.Status == "Open").ToList();
            var expired = open.Count(coupon => string.CompareOrdinal(coupon.EndsOn, lastDay) < 0);
            var shownOpen = counts.GetProperty("open_days").EnumerateArray().Sum(day => Number(day, "count"));
            Compare(grain, $"issued in leg {leg}", issued.Count, Number(counts, "issued"));
            Compare(grain, $"voided in leg {leg}", issued.Count(c => c.Status == "Voided"), Number(counts, "voided"));
            Compare(grain, $"consumed in leg {leg}", issued.Count(c => c.Status == "Redeemed"), Number(counts, "consumed"));
            Compare(
                grain,
                $"clawed back in leg {leg}",
                issued.Count(coupon => coupon is { Status: "Redeemed", IsClawedBack: true }),
                Number(counts, "clawed_back"));

            // The account expires coupons when its day moves on, which its last fact did.
            Compare(grain, $"expired in leg {leg}", expired, Number(counts, "expired"));
            Compare(grain, $"open in leg {leg}", open.Count - expired, shownOpen);
            Compare(
                grain,
                $"reserved in leg {leg}",
                open.Where(coupon => string.CompareOrdinal(coupon.EndsOn, lastDay) >= 0).Sum(coupon => coupon.Reserved),
                counts.GetProperty("open_days").EnumerateArray().Sum(day => day.Long("reserved")));
        }

        private void JudgeMonths(GrainId grain, JsonElement state)
        {
            foreach (var shown in state.GetProperty("closed").EnumerateArray().Append(state.GetProperty("period")))
            {
                if (shown.ValueKind != JsonValueKind.Object) continue;
                var name = Text(shown, "starts_on")[..7];
                var month = statements.Of(name);
                Compare(grain, $"opening of {name}", month.Opening, Number(shown, "opening"));
                Compare(grain, $"redeemed in {name}", month.Redeemed, Number(shown, "redeemed"));
                Compare(grain, $"reversed in {name}", month.Reversed, Number(shown, "reversed"));
                Compare(grain, $"fees in {name}", month.Fees, Number(shown, "fees"));
                Compare(grain, $"tax in {name}", month.Tax, Number(shown, "tax"));
                Compare(grain, $"paid in {name}", month.Paid, Number(shown, "paid"));
                Compare(grain, $"lines of {name}", month.Lines, Number(shown, "lines"));
                if (Text(shown, "previous_hash") != month.PreviousHash || Text(shown, "lines_hash") != month.LinesHash)
                {
                    Tell($"the hashes of {name} are not those of its lines");
                }

                if (month.EntitiesText() != EntitiesOf(shown)) Tell($"the companies' subtotals of {name} differ");
            }
        }

        private void Sum(NaiveFact fact, long first, long second, long firstLater)
        {
            var kind = NaiveEntry.KindOf(fact.Type);
            if (NaiveEntry.IsOfCoupon(fact)) firstForCoupons += first;
            if (NaiveEntry.IsExtraOfRedemption(fact))
            {
                var redemption = Text(fact.Json, "redemption");
                extras[redemption] = extras.GetValueOrDefault(redemption) + first;
            }

            statements.Add(new NaiveLine(
                number,
                Text(fact.Json, "at"),
                lastDay,
                kind,
                Text(fact.Json, "leg_id"),
                Text(fact.Json, "coupon_id"),
                Text(fact.Json, "redemption"),
                Number(fact.Json, "terms_version"),
                currency,
                first,
                second,
                Text(fact.Json, "entity_id"),
                NaiveEntry.Details(fact, firstLater)));
        }

        private static string EntitiesOf(JsonElement month) => string.Join(
            ';',
            month.GetProperty("entities").EnumerateArray().Select(entity =>
                $"{(Text(entity, "redeemer") == "First" ? 1 : 2)},{NaiveLine.Escape(Text(entity, "entity_id"))},{Number(entity, "redeemed")},{Number(entity, "reversed")}"));

        // Leg 1 is redeemed at the second side, leg 2 at the first.
        private static long Signed(Coupon coupon, long credit) => coupon.Leg == "1" ? -credit : credit;

        private void Compare(GrainId grain, string what, long counted, long shown)
        {
            if (counted != shown)
            {
                Differences.Add(new Difference(grain, "clearing", $"{what}: {counted} counted, {shown} shown"));
            }
        }

        private void Tell(string detail) => Differences.Add(new Difference(Account, "clearing", detail));

        private static long Number(JsonElement json, string name) =>
            json.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

        private static string Text(JsonElement json, string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString() ?? ""
                : "";
    }
}
