using System.Text.Json;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// What tills accepted without the network: each accepted capture is one redemption of the same discount, conflicts are
/// numbered without a gap, their losses add up, and what the terms lay on the issuer stands in the account.
/// </summary>
public sealed class NaiveOffline : INaiveLaw
{
    private readonly Dictionary<PartitionId, Book> books = [];
    private readonly Dictionary<string, long> redeemed = [];
    private readonly List<Difference> found = [];

    public string Name => "offline";

    public bool Concerns(string grainKind) => grainKind is "offline-book" or "offer" or "joint-coupon" or "account";

    public void See(NaiveFact fact)
    {
        var book = Of(fact.Grain.Partition);
        switch (fact.Type)
        {
            case "offer-redeemed" or "joint-coupon-redeemed":
                var given = fact.Json.Long(fact.Type == "offer-redeemed" ? "discount" : "discount_minor_units");
                redeemed[fact.Json.Text("redemption")] = given;
                break;
            case "offline-accepted":
                var (redemption, discount) = (fact.Json.Text("redemption"), fact.Json.Long("discount"));
                if (!book.Accepted.TryAdd(redemption, discount)) Tell(fact, $"{redemption} was captured before");
                break;
            case "offline-conflict-counted":
                book.Counted++;
                book.CountedLoss += fact.Json.Long("loss");
                break;
            case "offline-conflicted":
                See(fact, book, fact.Json.GetProperty("conflict"));
                break;
            case "fee-cleared" when fact.Json.Text("trigger") == "OfflineLoss":
                book.PaidByIssuers += fact.Json.List("postings").Sum(posting => Math.Max(0, posting.Long("minor_units")));
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "offline-book" || grain.Key != "head") yield break;
        var book = Of(grain.Partition);
        (string What, long Counted, string Shown)[] sums =
        [
            ("accepted", book.Accepted.Count, "accepted_count"),
            ("given", book.Accepted.Values.Sum(), "accepted_minor_units"),
            ("conflicts", book.Numbers, "conflict_count"),
            ("lost", book.Loss, "loss_minor_units"),
        ];
        foreach (var (what, counted, shown) in sums)
        {
            if (counted != state.Long(shown)) yield return new Difference(grain, Name, $"{what}: {counted} counted, {state.Long(shown)} shown");
        }
    }

    public IEnumerable<Difference> Finish() => found.Concat(books.SelectMany(book => Faults(book.Key, book.Value)));

    private IEnumerable<Difference> Faults(PartitionId partition, Book book)
    {
        var head = new GrainId(partition, "offline-book", "head");
        foreach (var (redemption, discount) in book.Accepted)
        {
            var stands = redeemed.TryGetValue(redemption, out var given) && given == discount;
            if (!stands) yield return new Difference(head, Name, $"{redemption} is no redemption of {discount}");
        }

        if ((book.Numbers, book.Loss) != (book.Counted, book.CountedLoss))
        {
            yield return new Difference(head, Name, $"{book.Counted} conflicts counted with {book.CountedLoss}, {book.Numbers} listed with {book.Loss}");
        }

        if (book.OwedByIssuers != book.PaidByIssuers)
        {
            yield return new Difference(head, Name, $"issuers bear {book.OwedByIssuers}, {book.PaidByIssuers} stands in the account");
        }
    }

    private void See(NaiveFact fact, Book book, JsonElement conflict)
    {
        if (conflict.Long("number") != ++book.Numbers) Tell(fact, $"conflict {book.Numbers} is missing");
        if (fact.Grain.Key != $"{(book.Numbers - 1) / 100}") Tell(fact, "the conflict stands on another page");
        book.Loss += conflict.Long("loss");
        if (conflict.Text("borne_by") == "Issuing") book.OwedByIssuers += conflict.Long("loss");
    }

    private Book Of(PartitionId partition)
    {
        if (!books.TryGetValue(partition, out var book)) books[partition] = book = new Book();
        return book;
    }

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));

    private sealed class Book
    {
        public Dictionary<string, long> Accepted { get; } = [];

        public long Counted { get; set; }

        public long CountedLoss { get; set; }

        public long Numbers { get; set; }

        public long Loss { get; set; }

        public long OwedByIssuers { get; set; }

        public long PaidByIssuers { get; set; }
    }
}
