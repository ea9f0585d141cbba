using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>What one customer sent is what the other received: the same sums, with the same expiry, rule and brand.</summary>
internal sealed class NaiveTransfers(Action<NaiveFact, string> tell)
{
    private readonly Dictionary<(PartitionId, string), (GrainId From, string To, Dictionary<NaiveHeap, long> Heaps)> sent = [];

    public void See(NaiveFact fact)
    {
        var id = (fact.Grain.Partition, fact.Json.Text("id"));
        if (fact.Type == "sent")
        {
            if (!sent.TryAdd(id, (fact.Grain, fact.Json.Text("to"), Heaps(fact.Json, "sl")))) tell(fact, "a transfer is sent twice");
            return;
        }

        if (!sent.Remove(id, out var half)) tell(fact, "a transfer is received that nobody sent");
        else if (half.To != fact.Grain.Key || half.From.Key != fact.Json.Text("from")) tell(fact, "a transfer goes astray");
        else if (!IsEqual(half.Heaps, Heaps(fact.Json, "in"))) tell(fact, "a transfer changes its points");
    }

    private static bool IsEqual(Dictionary<NaiveHeap, long> left, Dictionary<NaiveHeap, long> right) =>
        left.Count == right.Count && left.All(heap => right.GetValueOrDefault(heap.Key) == heap.Value);

    private static Dictionary<NaiveHeap, long> Heaps(JsonElement fact, string name) => fact.List(name)
        .GroupBy(part => new NaiveHeap(part.Moment("x") ?? NodaConstants.UnixEpoch, part.Long("v"), part.Text("b")))
        .ToDictionary(heap => heap.Key, heap => heap.Sum(part => part.Long("m")));
}
