using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Hosting;

/// <summary>Runs one core: its mailbox, one thread at a time, and the way of its outputs to the store and to the askers.</summary>
internal sealed class ShardHost : IShardOutputs, IThreadPoolWorkItem
{
    private const int InputsPerTurnOnThePool = 512;

    private readonly ConcurrentQueue<ShardInput> mailbox = new();
    private readonly ConcurrentQueue<ShardInput> judged = new();
    private readonly GrainHost host;
    private readonly IClock clock;
    private Replies? replies;
    private int scheduled;

    public ShardHost(GrainHost host, GrainKinds kinds, IEffectTurns effects, EngineLimits limits, IClock clock)
    {
        this.host = host;
        this.clock = clock;
        Core = new ShardCore(kinds, effects, limits, this);
    }

    public ShardCore Core { get; }

    /// <summary>What the store has judged goes first: the store stands still until it has the next batch.</summary>
    public void Post(ShardInput input)
    {
        (input is Judged or JudgedUnknown ? judged : mailbox).Enqueue(input);
        if (Interlocked.Exchange(ref scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        var now = clock.GetCurrentInstant();
        for (var count = 0; count < InputsPerTurnOnThePool && TryTake(out var input); count++)
        {
            Core.On(input, now);
        }

        Core.Flush();
        var last = replies;
        replies = null;
        Volatile.Write(ref scheduled, 0);
        if (!(mailbox.IsEmpty && judged.IsEmpty) && Interlocked.Exchange(ref scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        // The shard is another thread's from here on; this one has time for the answers.
        if (last is not null)
        {
            host.Meter.Turns.Add(last.Answers);
            last.Execute();
        }
    }

    public void Load(GrainId grain, FoldedGrain? known) => host.Load(this, grain, known);

    public void Look(LedgerKey key) => host.Look(this, key);

    public bool MayHold(LedgerKey key) => host.MayHold(key);

    public void Commit(IReadOnlyList<Commit> batch) => host.Commit(this, batch);

    public void Reply(object ticket, in Answer answer) => Room().Add((AskTicket)ticket, answer);

    public void Fail(object? ticket, Exception cause)
    {
        host.Meter.Failures.Add(1);
        host.OnTurnFailed(cause);
        if (ticket is not null)
        {
            Room().Add((AskTicket)ticket, cause);
        }
    }

    public void Deliver(SentEffect effect) => host.Deliver(effect);

    public void Keep(KeptState state) => host.Keep(state);

    private bool TryTake([NotNullWhen(true)] out ShardInput? input) =>
        judged.TryDequeue(out input) || mailbox.TryDequeue(out input);

    private Replies Room()
    {
        if (replies is { IsFull: true } full)
        {
            host.Meter.Turns.Add(full.Answers);
            ThreadPool.UnsafeQueueUserWorkItem(full, preferLocal: false);
            replies = null;
        }

        return replies ??= new Replies();
    }
}
