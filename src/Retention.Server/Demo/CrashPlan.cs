namespace Retention.Server.Demo;

/// <summary>Kinds of moment at which a demo may lose its server.</summary>
public enum DemoMoment
{
    /// <summary>Between the calls of a concurrent batch that sets up offers.</summary>
    Offer,

    /// <summary>Between the two copies of one campaign redemption.</summary>
    Redemption,

    /// <summary>While the effects of purchases are on their way.</summary>
    Effects,

    /// <summary>Around the redemption of a joint coupon.</summary>
    JointRedemption,
}

/// <summary>
/// Kills the server at chosen moments. The kill runs beside the calls: what is in flight is lost in the middle, and
/// its callers ask again.
/// </summary>
public sealed class CrashPlan(DemoServer server, IReadOnlyList<(DemoMoment Moment, int Nth)> kills)
{
    private readonly Dictionary<DemoMoment, int> counts = [];
    private readonly Lock gate = new();
    private Task running = Task.CompletedTask;

    public static CrashPlan None(DemoServer server) => new(server, []);

    /// <summary>Two kills in the set-up's batches, and one or two at each kind of moment of the year.</summary>
    public static CrashPlan Across(DemoServer server, int offers, int redemptions) => new(
        server,
        [
            (DemoMoment.Offer, Math.Max(1, offers / 3)),
            (DemoMoment.Offer, Math.Max(2, offers * 3 / 2)),
            (DemoMoment.Redemption, Math.Max(1, redemptions / 5)),
            (DemoMoment.Redemption, Math.Max(2, redemptions * 3 / 4)),
            (DemoMoment.Effects, 5),
            (DemoMoment.Effects, 40),
            (DemoMoment.JointRedemption, 3),
        ]);

    /// <summary>Says that a moment has come. Does not wait for the kill that it may set off.</summary>
    public void Pass(DemoMoment moment, CancellationToken stop)
    {
        lock (gate)
        {
            var count = counts[moment] = counts.GetValueOrDefault(moment) + 1;
            if (kills.Contains((moment, count)) && running.IsCompletedSuccessfully)
            {
                running = Task.Run(() => server.CrashAsync(stop), stop);
            }
        }
    }

    /// <summary>Waits until a server that was killed is back, and throws when it could not be started.</summary>
    public Task SettleAsync()
    {
        lock (gate) return running;
    }
}
