using System.Text.Json;
using NodaTime;

namespace Retention.Server.Verify;

/// <summary>Points that expire together, under one rule version, owed by one brand.</summary>
internal readonly record struct NaiveHeap(Instant ExpiresAt, long RuleVersion, string BrandId);

/// <summary>One customer's books, added up from his facts: heaps of points, a debt, and what he bought.</summary>
internal sealed class NaiveCustomer
{
    private readonly Dictionary<NaiveHeap, long> heaps = [];
    private readonly List<string> faults = [];
    private readonly Dictionary<string, (Instant End, List<(NaiveHeap Heap, long Points)> Parts)> holds = [];

    public long Debt { get; private set; }

    public long Lots { get; private set; }

    public long Purchases { get; private set; }

    public long Spend { get; private set; }

    public IReadOnlyDictionary<NaiveHeap, long> Heaps => heaps;

    public IReadOnlyList<string> Faults => faults;

    public void Buy(JsonElement fact, long position, NaiveProgram program)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        var origin = fact.Part("o") ?? default;
        var points = fact.Long("q");
        Require(fact.Long("v") == program.Version, position, "the rule version is not the program's");
        Require(points == program.PointsFor(fact.Long("a") - fact.Long("nm")), position, $"{points} accrued, not what the rule says");
        var expiry = program.ExpiryOf(fact.Moment("t") ?? now, origin.Text("st"));
        Require(fact.Moment("x") == expiry, position, "the expiry is not what the rule says");

        var end = expiry ?? Instant.MaxValue;
        var paid = end > now ? Math.Min(Debt, points) : 0;
        Require(fact.Long("d") == paid, position, $"{fact.Long("d")} paid of a debt, not {paid}");
        if (points > 0) Require(fact.Long("n") == ++Lots, position, "the lot's number does not follow");
        Debt -= paid;
        Purchases++;
        Spend += fact.Long("a");
        if (points > 0) Add(new NaiveHeap(end, program.Version, origin.Text("b")), points - paid, position);
    }

    public void Redeem(JsonElement fact, long position)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        Require(Take(fact, "sl", now, position) == fact.Long("m"), position, "the parts are not the whole");
        BurnsInOrder(fact, now, position);
    }

    public void Return(JsonElement fact, long position, NaiveProgram program)
    {
        var taken = Take(fact, "sl", null, position);
        var reversed = taken + fact.Long("z") + fact.Long("d") + fact.Long("w");
        Require(reversed == fact.Long("q"), position, $"{fact.Long("q")} reversed, the parts make {reversed}");
        Require(program.AllowsDebt ? fact.Long("w") == 0 : fact.Long("d") == 0, position, "the rest is treated against the program");
        if (fact.Long("d") + fact.Long("w") > 0)
        {
            Require(Live(fact.Moment("at") ?? default) == 0, position, "a rest is left though there are live points");
        }

        Debt += fact.Long("d");
        Spend -= fact.Long("a");
    }

    /// <summary>A void, or the half of a reassignment that leaves: a return of all, and one sale less.</summary>
    public void Lose(JsonElement fact, long position, NaiveProgram program)
    {
        Return(fact, position, program);
        Purchases--;
    }

    public void TakeOver(JsonElement fact, long position)
    {
        var (end, points) = (fact.Moment("x") ?? Instant.MaxValue, fact.Long("q"));
        var paid = end > (fact.Moment("at") ?? default) ? Math.Min(Debt, points) : 0;
        Require(fact.Long("d") == paid, position, $"{fact.Long("d")} paid of a debt, not {paid}");
        if (points > 0)
        {
            Require(fact.Long("n") == ++Lots, position, "the lot's number does not follow");
            Add(new NaiveHeap(end, fact.Long("v"), fact.Text("b")), points - paid, position);
        }

        Debt -= paid;
        Purchases++;
        Spend += fact.Long("a");
    }

    /// <summary>Points given, taken or moved by hand: what came and went, and a debt that is paid as far as it goes.</summary>
    public void Move(JsonElement fact, long position)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        var taken = Take(fact, "sl", now, position);
        if (taken > 0) BurnsInOrder(fact, now, position);
        long given = 0;
        foreach (var slice in fact.List("in"))
        {
            given += slice.Long("m");
            Require(slice.Long("n") == ++Lots, position, "the lot's number does not follow");
            Add(HeapOf(slice), slice.Long("m"), position);
        }

        var isSent = fact.Text("$type") == "sent";
        Require((isSent ? taken : given - taken) == fact.Long("m"), position, "the parts are not the whole");
        var paid = given > 0 ? Math.Min(Debt, Live(now)) : 0;
        Require(Take(fact, "pb", now, position) == paid, position, $"a debt of {Debt} is not paid by {paid}");
        Debt -= paid;
    }

    /// <summary>What is too late by a fact's time came back at its own: live points of it paid a debt.</summary>
    public void Settle(JsonElement fact, long position)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        foreach (var hold in holds.Where(hold => hold.Value.End <= now).OrderBy(hold => hold.Value.End).ToList())
        {
            GiveBack(hold.Key, [], hold.Value.End, position);
        }
    }

    public void Hold(JsonElement fact, long position)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        Require(Take(fact, "sl", now, position) == fact.Long("m"), position, "the parts are not the whole");
        BurnsInOrder(fact, now, position);
        holds[fact.Text("id")] = (
            fact.Moment("x") ?? now, [.. fact.List("sl").Select(slice => (HeapOf(slice), slice.Long("m")))]);
    }

    public void EndHold(JsonElement fact, long position)
    {
        var kept = fact.List("sl").Select(slice => (HeapOf(slice), slice.Long("m"))).ToList();
        Require(kept.Sum(part => part.Item2) == fact.Long("m"), position, "the parts are not the whole");
        GiveBack(fact.Text("hold"), kept, fact.Moment("at") ?? NodaConstants.UnixEpoch, position);
    }

    private void GiveBack(string holdId, List<(NaiveHeap Heap, long Points)> kept, Instant at, long position)
    {
        Require(holds.Remove(holdId, out var hold), position, "no hold ends");
        foreach (var (heap, points) in hold.Parts ?? []) Add(heap, points, position);
        foreach (var (heap, points) in kept) Add(heap, -points, position);
        foreach (var heap in heaps.Keys.Where(heap => heap.ExpiresAt > at).OrderBy(heap => heap.ExpiresAt).ToList())
        {
            var paid = Math.Min(Debt, heaps[heap]);
            if (paid > 0) Add(heap, -paid, position);
            Debt -= paid;
        }
    }

    public void Restore(JsonElement fact, long position)
    {
        var now = fact.Moment("at") ?? NodaConstants.UnixEpoch;
        long restored = 0;
        foreach (var slice in fact.List("sl"))
        {
            restored += slice.Long("m");
            Add(HeapOf(slice), slice.Long("m"), position);
        }

        Require(restored == fact.Long("m"), position, "the parts are not the whole");
        var paid = Math.Min(Debt, Live(now));
        Require(Take(fact, "pb", now, position) == paid, position, $"a debt of {Debt} is not paid by {paid}");
        Debt -= paid;
    }

    private long Live(Instant now) => heaps.Where(heap => heap.Key.ExpiresAt > now).Sum(heap => heap.Value);

    // Asked when the points are taken: of what expires before the last part, nothing may be left.
    private void BurnsInOrder(JsonElement fact, Instant now, long position)
    {
        var last = fact.List("sl").Select(slice => HeapOf(slice).ExpiresAt).DefaultIfEmpty(now).Max();
        var passed = heaps.Any(heap => heap.Key.ExpiresAt > now && heap.Key.ExpiresAt < last && heap.Value > 0);
        Require(!passed, position, "a lot that expires sooner was passed over");
    }

    private long Take(JsonElement fact, string name, Instant? now, long position)
    {
        long sum = 0;
        foreach (var slice in fact.List(name))
        {
            var heap = HeapOf(slice);
            Require(slice.Long("m") > 0, position, "a part is not positive");
            Require(now is null || heap.ExpiresAt > now, position, "dead points were taken");
            Add(heap, -slice.Long("m"), position);
            sum += slice.Long("m");
        }

        return sum;
    }

    private void Add(NaiveHeap heap, long points, long position)
    {
        var sum = heaps.GetValueOrDefault(heap) + points;
        Require(sum >= 0, position, "more was taken than there was");
        heaps[heap] = sum;
    }

    private static NaiveHeap HeapOf(JsonElement lot) =>
        new(lot.Moment("x") ?? NodaConstants.UnixEpoch, lot.Long("v"), lot.Text("b"));

    private void Require(bool holds, long position, string otherwise)
    {
        if (!holds) faults.Add($"journal record {position}: {otherwise}");
    }
}
