using NodaTime;
using Retention.Domain.Customers;

namespace Retention.Domain.Tests.Customers;

/// <summary>
/// The second, naive ledger: heaps of points by expiry and brand, moved by the rules' plain words and never pooled.
/// It takes from replies only what was asked and accrued, not from which lot anything came.
/// </summary>
internal sealed class NaiveLedger(bool allowsDebt)
{
    private readonly List<Heap> heaps = [];
    private readonly List<(int Step, PurchaseRecorded Sale, Heap? Heap)> sales = [];
    private readonly List<(string Id, List<(Heap Heap, long Points)> Parts)> redemptions = [];
    private readonly Dictionary<string, long> reversedOf = [];
    private long accrued, redeemed, restored, reversed, forgiven;

    public long Debt { get; private set; }

    public int Pick(int choice) => sales.Count == 0 ? 0 : sales[choice % sales.Count].Step;

    public string Redemption(int choice) => redemptions.Count == 0 ? "red_0" : redemptions[choice % redemptions.Count].Id;

    public long Available(Instant now) => heaps.Where(heap => heap.Lives(now)).Sum(heap => heap.Left);

    public void See(int step, object reply, Instant now)
    {
        switch (reply)
        {
            case PurchaseReceipt receipt: Accrue(step, receipt.Purchase, now); break;
            case RedemptionReceipt receipt: Redeem(receipt.Redemption.RedemptionId, receipt.Redemption.Millipoints, now); break;
            case ReturnReceipt receipt: Return(receipt.Return, now); break;
            case ReversalReceipt receipt: Restore(receipt.Reversal.RedemptionId, now); break;
        }
    }

    public void AssertConserved(Instant now)
    {
        var expired = heaps.Where(heap => !heap.Lives(now)).Sum(heap => heap.Left);
        Assert.Equal(accrued + restored, redeemed + reversed - forgiven + expired + Available(now) - Debt);
        Assert.All(sales, sale => Assert.InRange(reversedOf.GetValueOrDefault(sale.Sale.PurchaseId), 0, sale.Sale.Accrued));
    }

    private void Accrue(int step, PurchaseRecorded sale, Instant now)
    {
        accrued += sale.Accrued;
        var heap = new Heap(sale.ExpiresAt ?? Instant.MaxValue, Instant.Min(sale.PurchasedAt, now), step) { Left = sale.Accrued };
        heaps.Add(heap);
        sales.Add((step, sale, heap));
        PayDebt(now);
    }

    private void Redeem(string id, long points, Instant now)
    {
        redeemed += points;
        redemptions.Add((id, TakeSoonest(points, now)));
        Assert.Equal(points, redemptions[^1].Parts.Sum(part => part.Points));
    }

    private void Return(ReturnRecorded fact, Instant now)
    {
        var before = reversedOf.GetValueOrDefault(fact.PurchaseId);
        reversedOf[fact.PurchaseId] = before + fact.Reversed;
        reversed += fact.Reversed;
        var heap = sales.Single(sale => sale.Sale.PurchaseId == fact.PurchaseId).Heap!;
        var own = Math.Min(heap.Left, fact.Reversed);
        heap.Left -= own;
        var left = fact.Reversed - own;
        left -= TakeSoonest(left, now).Sum(part => part.Points);
        if (allowsDebt) Debt += left;
        else forgiven += left;
    }

    private void Restore(string id, Instant now)
    {
        var (_, parts) = redemptions.Single(redemption => redemption.Id == id);
        foreach (var (heap, points) in parts)
        {
            heap.Left += points;
            restored += points;
        }

        PayDebt(now);
    }

    private void PayDebt(Instant now) => Debt -= TakeSoonest(Debt, now).Sum(part => part.Points);

    private List<(Heap Heap, long Points)> TakeSoonest(long points, Instant now)
    {
        var parts = new List<(Heap, long)>();
        foreach (var heap in heaps.Where(heap => heap.Lives(now)).OrderBy(heap => heap.ExpiresAt).ThenBy(heap => heap.From).ThenBy(heap => heap.Step))
        {
            var taken = Math.Min(heap.Left, points);
            heap.Left -= taken;
            points -= taken;
            if (taken > 0) parts.Add((heap, taken));
        }

        return parts;
    }

    private sealed record Heap(Instant ExpiresAt, Instant From, int Step)
    {
        public long Left { get; set; }

        public bool Lives(Instant now) => ExpiresAt > now;
    }
}
