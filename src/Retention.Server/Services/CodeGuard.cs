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

    /// <summary>A code led to nothing, though the call goes on.</summary>
    public void Count(Caller caller, string customerId) => failures.Count(SourceOf(caller, customerId));

    public async ValueTask<T> Guard<T>(Caller caller, string customerId, Func<ValueTask<T>> ask)
    {
        var source = SourceOf(caller, customerId);
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

    private static (string TenantId, string Source) SourceOf(Caller caller, string customerId) =>
        (caller.TenantId, customerId.Length > 0 ? "customer " + customerId : caller.CredentialId);
}
