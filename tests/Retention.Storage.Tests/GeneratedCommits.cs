using NodaTime;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation;

namespace Retention.Storage.Tests;

/// <summary>Makes commits from a seed: mostly good ones over few grains, with stale versions, taken keys and checks among them.</summary>
internal sealed class GeneratedCommits(int seed)
{
    private static readonly PartitionId[] Partitions = [Some.Tenant, Some.Other, PartitionId.Agreement("g")];
    private readonly Random random = new(seed);
    private int keys;

    public int Next(int below) => random.Next(below);

    public GrainId Grain()
    {
        var partition = Partitions[random.Next(Partitions.Length)];
        return random.Next(8) switch
        {
            0 => Some.Outbox(partition, Partitions[random.Next(Partitions.Length)]),
            1 => new GrainId(partition, "coupon", $"c{random.Next(500)}"),
            _ => new GrainId(partition, "customer", $"{random.Next(12)}"),
        };
    }

    public LedgerKey Key() => Some.Key($"{random.Next(keys + 1)}");

    public Commit[] Batch(ModelStore model)
    {
        // A guess of the versions within the batch, so that later commits build on earlier ones.
        var versions = new Dictionary<GrainId, long>();
        return [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => Commit(model, versions))];
    }

    public Instant Moment() => Some.Noon + Duration.FromMinutes(random.Next(50));

    private Commit Commit(ModelStore model, Dictionary<GrainId, long> versions)
    {
        long Version(GrainId grain) => versions.TryGetValue(grain, out var guess) ? guess : model.Load(grain).Version;

        long Wobble(long version) => Math.Max(0, random.Next(20) == 0 ? version + random.Next(3) - 1 : version);

        var grains = Enumerable.Range(0, random.Next(4)).Select(_ => Grain()).Distinct().ToList();
        if (random.Next(4) == 0 && Receipt(model) is { } inbox && !grains.Contains(inbox))
        {
            grains.Add(inbox);
        }

        var writes = grains.Select(x => Some.Write(x, Wobble(Version(x)), Facts(x, model))).ToArray();
        foreach (var write in writes)
        {
            versions[write.Grain] = write.NewVersion;
        }

        var checks = random.Next(3) == 0 ? new[] { Grain() } : [];
        return new Commit(
            Partitions[random.Next(3)], Moment(), writes, [.. checks.Select(x => new GrainCheck(x, Wobble(Version(x))))],
            random.Next(3) > 0 ? Ledger() : null,
            [.. Enumerable.Range(0, random.Next(3)).Select(_ => Reminder())]);
    }

    private static GrainId? Receipt(ModelStore model) =>
        model.PendingEffects(1).Select(x => (GrainId?)Some.Inbox(x.To, x.From)).FirstOrDefault();

    private string[] Facts(GrainId grain, ModelStore model)
    {
        var count = 1 + random.Next(3);
        if (grain.Kind == GrainId.InboxKind)
        {
            // Nothing is received that was not sent.
            count = Math.Min(count, model.PendingEffects(1000).Count(x => x.To == grain.Partition && x.From.Value == grain.Key));
        }

        return [.. Enumerable.Range(0, Math.Max(1, count)).Select(_ => new string('x', random.Next(40)))];
    }

    private LedgerWrite Ledger()
    {
        var fresh = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Some.Key($"{keys++}"));
        return Some.Ledger("reply", random.Next(10) == 0 ? [.. fresh, Key()] : [.. fresh]);
    }

    private ReminderChange Reminder() =>
        Some.Remind(Grain(), $"r{random.Next(2)}", random.Next(3) == 0 ? null : Moment());
}
