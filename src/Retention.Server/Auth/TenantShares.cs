using System.Collections.Concurrent;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;

namespace Retention.Server.Auth;

/// <summary>How much of the server one tenant may have, so that the others keep theirs. In the memory of one node.</summary>
public sealed record ShareOptions
{
    /// <summary>Calls of one tenant under way at once; half of what the engine takes of all. 0 means no limit.</summary>
    public int MaxCallsPerTenant { get; init; } = 10_000;

    /// <summary>Calls, and messages of streams, of one tenant in a second; as many may come at once. 0 means no limit.</summary>
    public int CallsPerSecondPerTenant { get; init; }
}

/// <summary>The share of each tenant. Calls above it are OVERLOADED before they cost a turn; streams are slowed.</summary>
public sealed class TenantShares(ShareOptions options, TimeProvider time)
{
    private readonly ShareOptions options = options;
    private readonly TimeProvider time = time;
    private readonly ConcurrentDictionary<string, Share> shares = new(StringComparer.Ordinal);

    // Made once: a flood is refused at the price of a status.
    private readonly RpcFailure tooManyCalls = Refused("max_calls_per_tenant", options.MaxCallsPerTenant);
    private readonly RpcFailure tooFast = Refused("calls_per_second_per_tenant", options.CallsPerSecondPerTenant);

    /// <summary>Null: the tenant has no limit. Only tenants that exist are asked for.</summary>
    public ICallShare? Of(string tenantId)
    {
        if (options is { MaxCallsPerTenant: 0, CallsPerSecondPerTenant: 0 } || tenantId.Length == 0) return null;
        return shares.TryGetValue(tenantId, out var share) ? share : shares.GetOrAdd(tenantId, new Share(this));
    }

    /// <summary>The refusal of a call for a limit of the server.</summary>
    public static RpcFailure Refused(string limit, long value) =>
        ErrorMap.ToFailure(Refusal.Because(RefusalReason.Overloaded, ("limit", limit), (limit, value)));

    // A bucket that is kept as one number: the moment at which it will be full again. One second of calls fits into it.
    private sealed class Share(TenantShares all) : ICallShare
    {
        private const long Second = TimeSpan.TicksPerSecond;

        private readonly int callsMax = all.options.MaxCallsPerTenant;
        private readonly int perSecond = all.options.CallsPerSecondPerTenant;
        private int calls;
        private long fullAt;

        public RpcFailure? TryEnter()
        {
            if (perSecond > 0 && !TryTake()) return all.tooFast;
            if (Interlocked.Increment(ref calls) <= callsMax || callsMax == 0) return null;
            Interlocked.Decrement(ref calls);
            return all.tooManyCalls;
        }

        public void Leave() => Interlocked.Decrement(ref calls);

        public TimeSpan Count()
        {
            if (perSecond == 0) return TimeSpan.Zero;
            while (true)
            {
                var (now, seen) = (Now, Volatile.Read(ref fullAt));
                var next = Math.Max(seen, now) + Cost;
                if (Interlocked.CompareExchange(ref fullAt, next, seen) == seen) return TimeSpan.FromTicks(next - now - Second);
            }
        }

        private bool TryTake()
        {
            while (true)
            {
                var (now, seen) = (Now, Volatile.Read(ref fullAt));
                var next = Math.Max(seen, now) + Cost;
                if (next - now > Second) return false;
                if (Interlocked.CompareExchange(ref fullAt, next, seen) == seen) return true;
            }
        }

        private long Cost => Second / perSecond;

        private long Now => all.time.GetElapsedTime(0).Ticks;
    }
}
