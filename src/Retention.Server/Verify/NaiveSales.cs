using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// Every sale, by its number: it counts once, for one customer at a time; no more comes back than was sold; a void
/// takes all of it, once; a reassignment moves all of it, once, with its rule version and its expiry.
/// </summary>
internal sealed class NaiveSales(Action<NaiveFact, string> tell)
{
    private readonly Dictionary<UInt128, Sale> sales = [];

    public Sale Of(PartitionId tenant, string brandId, string source, string purchaseId) =>
        sales.GetValueOrDefault(LedgerKey.Purchase(tenant.OwnerId, brandId, source, purchaseId).Value);

    public void Sell(NaiveFact fact)
    {
        var sale = new Sale(fact.Grain, fact.Json.Long("a"), fact.Json.Long("q"), 0, 0, HeapOf(fact, Brand(fact)));
        if (!sales.TryAdd(KeyOf(fact, Brand(fact)), sale)) tell(fact, "a sale counts twice");
    }

    public void TakeBack(NaiveFact fact)
    {
        if (Held(fact) is not { } sale) return;

        var returned = sale.Returned + fact.Json.Long("a");
        var reversed = sale.Reversed + fact.Json.Long("q");
        sales[KeyOf(fact, Brand(fact))] = sale with { Returned = returned, Reversed = reversed };
        if (sale.IsVoided || returned > sale.Amount || reversed > sale.Accrued) tell(fact, "more came back than was sold");

        var share = returned == sale.Amount
            ? sale.Accrued - sale.Reversed
            : (long)((Int128)sale.Accrued * fact.Json.Long("a") / sale.Amount);
        if (fact.Json.Long("q") != share) tell(fact, $"{fact.Json.Long("q")} reversed, the share is {share}");
    }

    public void Void(NaiveFact fact)
    {
        if (Whole(fact) is not { } sale) return;
        sales[KeyOf(fact, Brand(fact))] = sale with { Returned = sale.Amount, Reversed = sale.Accrued, IsVoided = true };
    }

    public void HandOver(NaiveFact fact)
    {
        if (Whole(fact) is not { } sale) return;
        if (sale.IsMoved) tell(fact, "a sale is reassigned twice");
        sales[KeyOf(fact, Brand(fact))] = sale with { Customer = default, IsMoved = true };
    }

    public void TakeOver(NaiveFact fact)
    {
        var key = KeyOf(fact, fact.Json.Text("b"));
        var sale = sales.GetValueOrDefault(key);
        var isWhole = sale.IsMoved
            && sale.Customer == default
            && sale.Amount == fact.Json.Long("a")
            && sale.Accrued == fact.Json.Long("q")
            && (sale.Accrued == 0 || sale.Heap == HeapOf(fact, fact.Json.Text("b")));
        if (!isWhole) tell(fact, "takes over what nobody handed over");
        sales[key] = sale with { Customer = fact.Grain };
    }

    private Sale? Whole(NaiveFact fact)
    {
        if (Held(fact) is not { } sale) return null;
        if (sale.IsVoided || sale.Returned > 0 || sale.Reversed > 0) tell(fact, "a sale of which something came back is corrected");
        if (sale.Amount != fact.Json.Long("a") || sale.Accrued != fact.Json.Long("q")) tell(fact, "not the whole sale is corrected");
        return sale;
    }

    private Sale? Held(NaiveFact fact)
    {
        if (sales.TryGetValue(KeyOf(fact, Brand(fact)), out var sale) && sale.Customer == fact.Grain) return sale;
        tell(fact, "what was never sold came back");
        return null;
    }

    private static NaiveHeap HeapOf(NaiveFact fact, string brandId) =>
        new(fact.Json.Moment("x") ?? Instant.MaxValue, fact.Json.Long("v"), brandId);

    private static string Brand(NaiveFact fact) => (fact.Json.Part("o") ?? default).Text("b");

    private static UInt128 KeyOf(NaiveFact fact, string brandId) => LedgerKey.Purchase(
        fact.Grain.Partition.OwnerId, brandId, fact.Json.Text("s"), fact.Json.Text("i")).Value;

    /// <param name="Customer">Who has it; none between the two halves of a reassignment.</param>
    internal readonly record struct Sale(
        GrainId Customer,
        long Amount,
        long Accrued,
        long Returned,
        long Reversed,
        NaiveHeap Heap,
        bool IsVoided = false,
        bool IsMoved = false);
}
