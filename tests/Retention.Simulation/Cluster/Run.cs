using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Checks;
using Retention.Simulation.Runs;
using Retention.Simulation.Store;
using Retention.Simulation.Toy;

namespace Retention.Simulation.Cluster;

/// <summary>
/// One seed's life: a queue of events ordered by time, then by the order in which they were planned. A storm of faults,
/// then calm: everything must come to rest, and the books are closed and compared. Times are microseconds.
/// </summary>
public sealed class Run
{
    public const long Millisecond = 1_000;
    private const long StormEnds = 4_000 * Millisecond;
    private const long Patience = 120_000 * Millisecond;

    private readonly PriorityQueue<Action, (long Time, long Order)> queue = new();
    private readonly Action<string>? trace;
    private readonly List<SimNode> nodes = [];
    private readonly List<SimClient> clients = [];
    private readonly Rng chance;
    private long order;
    private long calmSince;
    private int closing;

    public Run(Swarm swarm, PlantedBug bug, IReadOnlySet<int>? skip = null, Action<string>? trace = null)
    {
        this.trace = trace;
        Swarm = swarm;
        Bug = bug;
        chance = new Rng(swarm.Seed, "faults");
        Turns = new ToyTurns(bug, swarm.HasLines);
        Kinds = new GrainKinds(Turns.Kinds);
        Books = new Books(this);
        History = new History(this);
        Store = new SimStore(bug, OnCommitted);
        Link = new StoreLink(this);
        for (var index = 0; index < swarm.Nodes; index++)
        {
            nodes.Add(new SimNode(this, index));
        }

        var plan = Plan.Of(swarm, skip);
        for (var index = 0; index < swarm.Clients; index++)
        {
            clients.Add(new SimClient(this, $"c{index}", [.. plan.Where((_, at) => at % swarm.Clients == index)]));
        }
    }

    public Swarm Swarm { get; }

    public PlantedBug Bug { get; }

    public ToyTurns Turns { get; }

    public GrainKinds Kinds { get; }

    public Books Books { get; }

    public History History { get; }

    public SimStore Store { get; }

    public StoreLink Link { get; }

    public Coverage Coverage { get; } = new();

    /// <summary>The node that got an effect last (for coverage only).</summary>
    internal Dictionary<(GrainId Inbox, long Sequence), int> Holders { get; } = [];

    public long Now { get; private set; }

    public bool IsCalm => calmSince > 0;

    public ulong TraceHash { get; private set; } = 14695981039346656037;

    public long Steps { get; private set; }

    /// <summary>Runs to the end; throws BrokenPromiseException when a law does not hold.</summary>
    public void Execute()
    {
        nodes.ForEach(node => node.Start());
        clients.ForEach(client => client.Begin());
        After(Millisecond, Upset);
        After(20 * Millisecond, Watch);
        while (closing < 3 && queue.TryDequeue(out var action, out var at))
        {
            Now = at.Time;
            Steps++;
            if (IsCalm && Now - calmSince > Patience)
            {
                throw new BrokenPromiseException("Liveness", Unfinished());
            }

            action();
        }

        Ending.Check(this);
    }

    public void After(long delay, Action action) => queue.Enqueue(action, (Now + delay, order++));

    /// <summary>Whether the fault strikes now. Never in the calm.</summary>
    public bool Strikes(Fault fault) => !IsCalm && chance.Chance(Swarm[fault]);

    public int Between(int least, int most) => chance.Between(least, most);

    public SimNode AnyNode() => nodes[chance.Below(nodes.Count)];

    public void Note(string what)
    {
        TraceHash = unchecked((TraceHash ^ StableHash.Of(what, (uint)Now)) * 1099511628211);
        trace?.Invoke($"{Now,10} {what}");
    }

    private void OnCommitted(JournalRecord record)
    {
        Note($"committed {record.Position}: {string.Join(", ", record.Writes.Select(w => $"{w.Grain}@{w.NewVersion}"))}");
        History.OnCommitted(record);
        Books.OnCommitted(record);
    }

    /// <summary>Faults that come by time: crashes, a full disk, clocks that jump.</summary>
    private void Upset()
    {
        if (IsCalm)
        {
            return;
        }

        foreach (var node in nodes)
        {
            if (Strikes(Fault.NodeCrash))
            {
                node.Crash();
            }

            if (Strikes(Fault.ClockJump))
            {
                node.JumpClock(chance.Between(-3_000, 3_000));
                Coverage.Sometimes("a clock jumps");
            }
        }

        if (Strikes(Fault.FullStore) && !Store.IsFull)
        {
            Store.IsFull = true;
            After(chance.Between(20, 200) * Millisecond, () => Store.IsFull = false);
        }

        After(40 * Millisecond, Upset);
    }

    /// <summary>Looks whether the storm is over, then whether all is at rest, then whether the last reads are done.</summary>
    private void Watch()
    {
        var done = clients.TrueForAll(client => client.IsDone);
        if (!IsCalm && (done || Now > StormEnds))
        {
            calmSince = Now;
            Store.IsFull = false;
            nodes.ForEach(node => node.Start());
            Note("calm");
        }
        else if (IsCalm && done && Store.PendingCount == 0 && closing < 2 && Books.GoodCoupons > 0)
        {
            AskAtEnd(Plan.Closing(Swarm, clients.Count), null);
        }
        else if (IsCalm && done && closing == 0 && IsAtRest())
        {
            closing = 2;
            nodes.ForEach(node => AskAtEnd(Plan.LastReads(Store.Grains), node));
        }
        else if (IsCalm && done && closing == 2 && IsAtRest())
        {
            closing = 3;
        }

        After(20 * Millisecond, Watch);
    }

    private void AskAtEnd(IReadOnlyList<Operation> operations, SimNode? target)
    {
        var client = new SimClient(this, "end", operations) { Target = target };
        clients.Add(client);
        client.Begin();
    }

    private bool IsAtRest() =>
        Store.PendingCount == 0 && Books.OpenCoupons == 0 && nodes.TrueForAll(node => node.IsIdle) && Link.UnderWay == 0;

    private string Unfinished() =>
        $"{clients.Count(client => !client.IsDone)} clients wait, {Store.PendingCount} effects pending, "
        + $"{Books.OpenCoupons} coupons open, nodes {string.Join(", ", nodes.Select(node => node.Describe()))}";
}
