using NodaTime;
using Retention.Engine.Core;
using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Engine.Hosting;

/// <summary>
/// What must happen although nobody asks: time goes by, reminders fall due, tails are shortened, and effects whose
/// sender or receiver stopped are delivered again (the receiver's inbox ignores what it has).
/// </summary>
internal sealed class Upkeep(
    IGrainStore store, GuardedClock clock, Action<PartitionId, ShardInput> post, Action<SentEffect> deliver, Action tick,
    Action? askForMissing, Func<int> snapshotsUnderWay, Action<Exception> failed)
    : IAsyncDisposable
{
    private const int MostSnapshots = 8_192;
    private const int MostReminders = 1_000;
    private const int MostEffects = 10_000;
    private const int RoundsPerTick = 5;
    private const int RoundsPerSweep = 25;
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(200);

    /// <summary>What waits for another node is there after a commit of that node; nobody says when.</summary>
    private static readonly TimeSpan MissingRound = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource stop = new();
    private Task? running;
    private Task? asking;
    private bool led;
    private SentEffect? oldest;
    private Instant oldestSeenAt;

    /// <summary>How long the oldest effect seen by the sweeps has been waiting; precise to one sweep.</summary>
    public double OutboxAgeSeconds => oldest is null ? 0 : (clock.GetCurrentInstant() - oldestSeenAt).TotalSeconds;

    public void Start()
    {
        running = Task.Run(RunAsync);
        asking = askForMissing is null ? null : Task.Run(AskAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        if (running is not null)
        {
            await running.ConfigureAwait(false);
        }

        if (asking is not null)
        {
            await asking.ConfigureAwait(false);
        }

        stop.Dispose();
    }

    private async Task AskAsync()
    {
        using var timer = new PeriodicTimer(MissingRound);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            {
                askForMissing!();
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private async Task RunAsync()
    {
        for (var round = 0; !stop.IsCancellationRequested; round++)
        {
            try
            {
                await RoundAsync(round).ConfigureAwait(false);
                await Task.Delay(Round, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception cause)
            {
                // The store is away or closing: the next round tries again.
                failed(cause);
                await Task.Delay(Round).ConfigureAwait(false);
            }
        }
    }

    private async Task RoundAsync(int round)
    {
        // What is being written already is still wanted: asked for again, it would be written twice.
        var room = Math.Max(0, MostSnapshots - snapshotsUnderWay());
        foreach (var group in store.SnapshotsWanted(room).GroupBy(grain => grain.Partition))
        {
            post(group.Key, new SnapshotsAsked([.. group]));
        }

        if (!clock.IsInDoubt)
        {
            var due = await store.DueRemindersAsync(clock.GetCurrentInstant(), MostReminders, stop.Token).ConfigureAwait(false);
            foreach (var reminder in due)
            {
                post(reminder.Grain.Partition, new ReminderFellDue(reminder));
            }
        }

        if (round % RoundsPerTick == 0)
        {
            tick();
        }

        // What a node left over when it died is looked for at once by the one that takes over from it.
        var leads = store.LeadsUpkeep;
        if (round % RoundsPerSweep == 0 || (leads && !led))
        {
            await SweepAsync().ConfigureAwait(false);
        }

        led = leads;
    }

    private async Task SweepAsync()
    {
        var pending = await store.PendingEffectsAsync(MostEffects, stop.Token).ConfigureAwait(false);
        foreach (var effect in pending)
        {
            deliver(effect);
        }

        var first = pending.Count > 0 ? pending[0] : null;
        if (first is null || oldest is null || first.Sequence != oldest.Sequence || first.From != oldest.From)
        {
            oldest = first;
            oldestSeenAt = clock.GetCurrentInstant();
        }
    }
}
