using Retention.Kernel;
using Retention.Server.Auth;
using Retention.Server.Rpc;
using Retention.Transport;

namespace Retention.Server.Services;

/// <summary>Bounds of asking about coupons.</summary>
public sealed record CouponOptions
{
    /// <summary>
    /// Codes that lead to nothing a minute, of one customer, or of one credential where no customer is named; then
    /// RESOURCE_EXHAUSTED. 0 means no limit.
    /// </summary>
    public int FailuresPerMinute { get; init; } = 20;
}

/// <summary>Slows down whoever tries out codes: a customer who is named, else the credential.</summary>
public sealed class CodeGuard(CouponOptions options, TimeProvider time)
{
    private readonly FailureLimit<(string TenantId, string Source)> failures = new(options.FailuresPerMinute, time);

    public async ValueTask<T> Guard<T>(Caller caller, string customerId, Func<ValueTask<T>> ask)
    {
        var source = (caller.TenantId, customerId.Length > 0 ? "customer " + customerId : caller.CredentialId);
        if (!failures.MayTry(source))
        {
            throw ErrorMap.ToFailure(Refusal.Because(
                RefusalReason.TooManyFailures,
                ("limit", "coupon_failures_per_minute"),
                ("maximum", options.FailuresPerMinute)));
        }

        try
        {
            return await ask();
        }
        catch (RpcFailure failure) when (failure.IsBecause(RefusalReason.CouponNotFound))
        {
            failures.Count(source);
            throw;
        }
    }
}
