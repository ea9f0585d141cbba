using System.Diagnostics;
using Npgsql;
using Retention.Storage.Sqlite;

namespace Retention.Storage.Postgres;

/// <summary>The newest position known here. Own commits raise it at once; others are asked for while somebody waits.</summary>
internal sealed class HeadWatch(Connections connections)
{
    private const string Newest = "SELECT position FROM journal_head";

    private readonly JournalSignal signal = new();
    private long head;
    private long askedAt;

    public long Head => Volatile.Read(ref head);

    public void Raise(long position)
    {
        var known = Volatile.Read(ref head);
        while (position > known)
        {
            var seen = Interlocked.CompareExchange(ref head, position, known);
            if (seen == known)
            {
                signal.Set();
                return;
            }

            known = seen;
        }
    }

    public void Ask()
    {
        using var connection = connections.Open();
        using var command = new NpgsqlCommand(Newest, connection);
        Raise((long)command.ExecuteScalar()!);
    }

    /// <summary>The newest position there is, of any node; known here from then on.</summary>
    public async ValueTask<long> AskNowAsync(CancellationToken stop)
    {
        await using var connection = await connections.OpenAsync(stop).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(Newest, connection);
        var position = (long)(await command.ExecuteScalarAsync(stop).ConfigureAwait(false))!;
        Raise(position);
        return position;
    }

    public async Task WaitBeyondAsync(long position, CancellationToken stop)
    {
        while (Head <= position)
        {
            using var round = CancellationTokenSource.CreateLinkedTokenSource(stop);
            round.CancelAfter(connections.Options.FollowEvery);
            try
            {
                await signal.WaitAsync(() => Head > position, round.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                await AskAsync(stop).ConfigureAwait(false);
            }
        }
    }

    // Of many who wait, one asks for all.
    private async Task AskAsync(CancellationToken stop)
    {
        var last = Volatile.Read(ref askedAt);
        var isRecent = Stopwatch.GetElapsedTime(last) < connections.Options.FollowEvery / 2;
        if (isRecent || Interlocked.CompareExchange(ref askedAt, Stopwatch.GetTimestamp(), last) != last) return;
        await AskNowAsync(stop).ConfigureAwait(false);
    }
}
