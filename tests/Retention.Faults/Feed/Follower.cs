using Retention.Server.Client;
using Retention.Transport;
using Retention.V1;

namespace Retention.Faults.Feed;

/// <summary>A consumer of the journal over gRPC: it resumes with its last token whenever the stream ends.</summary>
internal static class Follower
{
    private const string Method = "retention.v1.FeedService/WatchJournal";

    /// <summary>Follows until told to stop. Who reads the projection meanwhile locks it.</summary>
    public static async Task FollowAsync(RpcClient client, Projection projection, CancellationToken stop)
    {
        var token = "";
        while (!stop.IsCancellationRequested)
        {
            try
            {
                token = await ReadAsync(client, new WatchJournalRequest { ResumeToken = token }, projection, x => token = x, stop);
            }
            catch (RpcCallException gone) when (gone.Status == RpcStatus.Unavailable)
            {
                await Task.Delay(50, CancellationToken.None);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
        }
    }

    /// <summary>A projection built anew from position zero, of all that is committed now.</summary>
    public static async Task<Projection> RebuildAsync(RpcClient client)
    {
        var projection = new Projection();
        await ReadAsync(client, new WatchJournalRequest { UntilNow = true }, projection, _ => { }, CancellationToken.None);
        return projection;
    }

    private static async Task<string> ReadAsync(
        RpcClient client, WatchJournalRequest request, Projection projection, Action<string> remember, CancellationToken stop)
    {
        var token = request.ResumeToken;
        using var stream = client.Open<WatchJournalRequest, WatchJournalResponse>(Method, stop);
        await stream.WriteAsync(request);
        stream.Complete();
        while (await stream.ReadAsync() is { } told)
        {
            lock (projection)
            {
                foreach (var entry in told.Entries) projection.Apply(entry);
            }

            remember(token = told.ResumeToken);
        }

        return token;
    }
}
