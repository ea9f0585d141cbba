using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Cluster;

/// <summary>A batch on its way to the store.</summary>
internal sealed record Flight(SimNode Node, int Life, IReadOnlyList<Commit> Batch)
{
    public bool IsOver { get; set; }
}

/// <summary>The unreliable way between the nodes and the store.</summary>
public sealed class StoreLink(Run run)
{
    /// <summary>Batches that may still be applied.</summary>
    public int UnderWay { get; private set; }

    internal Flight Commit(SimNode node, IReadOnlyList<Commit> batch)
    {
        var flight = new Flight(node, node.Life, batch);
        UnderWay++;
        var delay = Latency();
        var timeout = run.Between(10, 120) * Run.Millisecond;
        if (run.Strikes(Fault.BatchNeverArrives))
        {
            End(flight);
            Tell(flight, timeout, new JudgedUnknown());
        }
        else if (run.Strikes(Fault.AcknowledgementLost))
        {
            run.After(delay, () => Apply(flight));
            Tell(flight, delay + timeout, new JudgedUnknown());
            run.Coverage.Sometimes("an acknowledgement is lost");
        }
        else if (run.Swarm.SharedStore && run.Strikes(Fault.Zombie))
        {
            Tell(flight, timeout, new JudgedUnknown());
            run.After(timeout + (run.Between(0, 150) * Run.Millisecond), () => Apply(flight, isLate: true));
        }
        else if (run.Strikes(Fault.CrashBeforeCommit))
        {
            run.After(delay, () => Crash(flight));
        }
        else if (run.Strikes(Fault.CrashAfterCommit))
        {
            run.After(delay, () =>
            {
                Apply(flight);
                Crash(flight);
            });
        }
        else
        {
            run.After(delay, () => ApplyAndTell(flight));
        }

        return flight;
    }

    public void Load(SimNode node, GrainId grain, FoldedGrain? known)
    {
        var life = node.Life;
        var fails = run.Strikes(Fault.LoadFailed);
        run.After(Latency(), () =>
        {
            var record = run.Store.Load(new KnownGrain(grain, known?.Version ?? 0));
            run.Coverage.SometimesIf(known is { } earlier && record.Version > earlier.Version, "a stale grain is brought up to date");
            if (record.SnapshotVersion > 0)
            {
                run.Coverage.Sometimes("a grain is loaded from snapshot and tail");
            }

            ShardInput input = fails ? new LoadFailed(grain) : node.ToLoaded(grain, record, known);
            run.Coverage.SometimesIf(fails, "a load fails");
            run.After(Back(), () => node.Receive(life, input));
        });
    }

    public void Look(SimNode node, LedgerKey key)
    {
        var life = node.Life;
        var fails = run.Strikes(Fault.LookFailed);
        run.After(Latency(), () =>
        {
            ShardInput input = fails ? new LookFailed(key) : new Looked(key, node.Find(key));
            run.Coverage.SometimesIf(fails, "a look-up fails");
            run.After(Back(), () => node.Receive(life, input));
        });
    }

    /// <summary>
    /// What becomes of a batch whose process died: an embedded store has applied it or never will,
    /// a store of its own may apply it at any later time.
    /// </summary>
    internal void Orphan(Flight flight)
    {
        if (flight.IsOver || run.Swarm.SharedStore)
        {
            return;
        }

        if (run.Between(0, 1) == 0)
        {
            Apply(flight);
        }
        else
        {
            End(flight);
        }
    }

    private void Crash(Flight flight)
    {
        if (flight.Node.Life == flight.Life)
        {
            flight.Node.Crash();
        }

        if (!flight.IsOver && run.Between(0, 1) == 0)
        {
            run.After(run.Between(0, 200) * Run.Millisecond, () => Apply(flight, isLate: true));
        }
        else
        {
            End(flight);
        }
    }

    private void ApplyAndTell(Flight flight)
    {
        if (Apply(flight) is { } results)
        {
            Tell(flight, Back(), new Judged(results));
        }
    }

    private IReadOnlyList<CommitResult>? Apply(Flight flight, bool isLate = false)
    {
        if (flight.IsOver)
        {
            return null;
        }

        End(flight);
        var results = run.Store.Commit(flight.Batch, _ => run.Strikes(Fault.Conflict));
        if (run.Strikes(Fault.StaleUntold))
        {
            results = [.. results.Select(result => result with { Stale = null })];
        }

        run.Note($"judged n{flight.Node.Index}: {string.Join(' ', results.Select(result => result.Verdict))}");
        var done = results.Any(result => result.Verdict == CommitVerdict.Done);
        run.Coverage.SometimesIf(isLate && done, "a batch given up is applied later");
        run.Coverage.SometimesIf(isLate && !done, "a batch given up is refused later");
        run.Coverage.SometimesIf(results.Any(result => result.Verdict == CommitVerdict.Full), "the store is full");
        run.Coverage.SometimesIf(Spreads(flight.Batch, results), "a conflict spreads within its batch");
        run.Coverage.SometimesIf(
            done && results.Any(result => result.Verdict == CommitVerdict.Conflict), "a conflict spares its neighbours");
        return results;
    }

    private static bool Spreads(IReadOnlyList<Commit> batch, IReadOnlyList<CommitResult> results)
    {
        HashSet<GrainId> failed = [];
        for (var index = 0; index < batch.Count; index++)
        {
            if (results[index].Verdict != CommitVerdict.Done)
            {
                if (batch[index].Writes.Any(write => failed.Contains(write.Grain)))
                {
                    return true;
                }

                failed.UnionWith(batch[index].Writes.Select(write => write.Grain));
            }
        }

        return false;
    }

    private void End(Flight flight)
    {
        if (!flight.IsOver)
        {
            flight.IsOver = true;
            UnderWay--;
        }
    }

    private void Tell(Flight flight, long delay, ShardInput input) =>
        run.After(delay, () => flight.Node.Receive(flight.Life, input));

    private long Latency() => run.Between(200, 2_500) * (run.Strikes(Fault.SlowStore) ? 40 : 1);

    private long Back() => run.Between(50, 1_000);
}
