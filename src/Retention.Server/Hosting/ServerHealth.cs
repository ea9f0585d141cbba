using Retention.Engine.Ports;
using Retention.Kernel;

namespace Retention.Server.Hosting;

/// <summary>
/// What /healthz answers. Live: a turn through the engine ends in time, or else a restart is due. Ready: live, not
/// draining, the store may be written and the disk has room.
/// </summary>
public sealed class ServerHealth(string dataDirectory, IHostApplicationLifetime lifetime)
{
    private const int FreePercentMin = 5;

    private static readonly TimeSpan TurnTimeout = TimeSpan.FromSeconds(2);

    private static readonly Command Nothing = new(PartitionId.Platform, [], 0, _ => Decision.With(true));

    private volatile bool isBroken;

    public bool IsBroken => isBroken;

    /// <summary>The store must not be written any more.</summary>
    public void Break()
    {
        isBroken = true;
        lifetime.StopApplication();
    }

    public static async Task<string?> WhyNotLiveAsync(IGrainHost grains)
    {
        var turn = grains.AskAsync(Nothing, CancellationToken.None).AsTask();
        return await Task.WhenAny(turn, Task.Delay(TurnTimeout)) == turn ? null : "no turn ended within 2 s";
    }

    public async Task<string?> WhyNotReadyAsync(IGrainHost grains)
    {
        if (isBroken) return "the store is broken";
        if (lifetime.ApplicationStopping.IsCancellationRequested) return "draining";
        var drive = new DriveInfo(Path.GetFullPath(dataDirectory));
        if (drive.AvailableFreeSpace < drive.TotalSize / 100 * FreePercentMin) return "the disk is nearly full";
        return await WhyNotLiveAsync(grains);
    }
}
