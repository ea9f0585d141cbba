using System.Diagnostics;

namespace Retention.Server.Client;

/// <summary>How long a caller waits for a server that does not answer, and how often it asks again.</summary>
/// <param name="Attempt">Time for one attempt.</param>
/// <param name="Total">Time for all attempts of one call, after which the last failure stands.</param>
public sealed record RpcPatience(TimeSpan Attempt, TimeSpan Total)
{
    public static readonly RpcPatience Default = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60));

    /// <summary>One attempt, for callers that ask again themselves.</summary>
    public static readonly RpcPatience Once = new(TimeSpan.FromSeconds(20), TimeSpan.Zero);

    public Retry Start() => new(Total);

    /// <summary>The retries of one call: pauses double from 20 ms to 1 s, each shortened by a random part.</summary>
    public sealed class Retry(TimeSpan total)
    {
        private const int FirstPauseMs = 20;
        private const int PauseMsMax = 1_000;
        private readonly long startedAt = Stopwatch.GetTimestamp();
        private int pauseMs = FirstPauseMs;

        public bool MayGoOn => Stopwatch.GetElapsedTime(startedAt) < total;

        public async Task PauseAsync(CancellationToken stop)
        {
            await Task.Delay(Random.Shared.Next(pauseMs / 2, pauseMs + 1), stop);
            pauseMs = Math.Min(PauseMsMax, pauseMs * 2);
        }
    }
}
