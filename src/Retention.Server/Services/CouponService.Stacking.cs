using System.Collections.Immutable;
using System.Security.Cryptography;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Engine.Ports;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>
/// Several codes of one order: agreements hold the joint ones, the chain's own turn decides over all, and its word takes
/// what was held. Whatever stops it in between, the same order goes on where it stood.
/// </summary>
public sealed partial class CouponService
{
    private static readonly ProtoReply<StackRedemption, RedeemCouponsResponse> RedeemedStack = new(stack => new()
    {
        Redemptions =
        {
            stack.Redemptions.Select(one => new StackedRedemption { Index = one.Position, Redemption = one.Redemption.ToProto() }),
        },
        Discount = new Kernel.Money(stack.Currency, stack.DiscountMinorUnits).ToProto(),
    });

    private async ValueTask<RedeemCouponsResponse> RedeemCoupons(RedeemCouponsRequest request, CallContext call)
    {
        var caller = call.Caller();
        var requestId = RequestField.RequestId(request.RequestId);
        CheckTill(request.TillId, request.CashierId);
        if (request.Codes.Count == 0) throw RequestField.Invalid("codes", "required");
        RequestField.AtMost(request.Codes, "codes", CouponStack.CodesMax);
        var order = await OrderAsync(call, StoreOf(caller, request.StoreId), request.Source, request.OrderId);
        var till = CommandOf(caller, request.Codes[0], request.CampaignId, request.CustomerId) with
        {
            Code = "",
            StoreId = StoreOf(caller, request.StoreId),
            Basket = request.Basket.ToDomain() ?? throw RequestField.Invalid("basket", "required"),
            LacksTillIds = Places.LacksTillIds(caller, request.TillId, request.CashierId),
            OrderReservation = ReservationOf(order),
        };
        var orderKey = OrderKey(order);
        var routes = await RoutesAsync(request, till, call);

        LedgerKey[] receipts = [LedgerKey.Request(caller.TenantId, requestId), orderKey];
        var held = routes.Count == 0 || await IsRecordedAsync(receipts, call) ? [] : await HoldAsync(routes, receipts, call);
        var answer = await DecideAsync(request, till, requestId, orderKey, held, call);
        await TakeAsync(answer, till, routes, caller, call);
        return answer;
    }

    private async ValueTask<List<StackedJoint>> RoutesAsync(RedeemCouponsRequest request, RedeemCoupon till, CallContext call)
    {
        var routes = new List<StackedJoint>();
        foreach (var (position, code) in request.Codes.Index())
        {
            var one = till with { Code = RequestField.Text(code, "codes", CodeMax) };
            if (await FindAgreement(call, request, one) is { } route) routes.Add(new StackedJoint(position, one, route));
        }

        return routes;
    }

    // What is recorded needs no coupon held, nor would it get one.
    private async ValueTask<bool> IsRecordedAsync(LedgerKey[] receipts, CallContext call)
    {
        foreach (var key in receipts)
        {
            if (await grains.FindAsync(key, call.Cancellation) is not null) return true;
        }

        return false;
    }

    // The next code is held when the one before is: who is refused gives back what he got, unless the same call decided meanwhile.
    private async ValueTask<List<HeldCode>> HoldAsync(List<StackedJoint> routes, LedgerKey[] receipts, CallContext call)
    {
        var held = new List<HeldCode>(routes.Count);
        foreach (var one in routes)
        {
            var key = new LedgerKey(new UInt128(
                BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)), BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))));
            var command = new HoldJointCoupon(one.Till, one.Route.Order, RedemptionId.Of(key));
            var answer = await grains.AskAsync(
                new Command(
                    PartitionId.Agreement(one.Route.AgreementId),
                    [new CommandKey(key, RefusalReason.RequestIdReused)],
                    UInt128.Zero,
                    turn => one.Route.Fault is { } fault ? fault
                        : JointStackTurns.Hold(turn, one.Route.Asker, one.Route.AgreementId, command)),
                CancellationToken.None);
            if (answer.Refusal is { } refusal)
            {
                await GiveUpAsync(held, call.Caller());
                if (await IsRecordedAsync(receipts, call)) return [];
                throw ErrorMap.ToFailure(refusal with { Details = refusal.Details.Add(new RefusalDetail("index", $"{one.Position}")) });
            }

            held.Add(new HeldCode(one, (HeldJointCoupon)Asking.Granted(answer)));
        }

        return held;
    }

    private async ValueTask<RedeemCouponsResponse> DecideAsync(
        RedeemCouponsRequest request, RedeemCoupon till, string requestId, LedgerKey order, List<HeldCode> held, CallContext call)
    {
        var caller = call.Caller();
        var keys = Enumerable.Range(0, request.Codes.Count)
            .Select(position => RedemptionId.Stacked(caller.TenantId, requestId, position))
            .ToList();
        var command = new RedeemStack(till, [.. request.Codes], [.. keys.Select(RedemptionId.Of)])
        {
            Joint = held.ToImmutableSortedDictionary(one => one.Asked.Position, one => one.Coupon),
        };
        try
        {
            return await grains.Change(
                call,
                request,
                caller.Partition,
                turn => StackRedemptionTurns.Redeem(turn, command),
                RedeemedStack,
                [
                    new CommandKey(order, RefusalReason.OrderIdReused),
                    .. keys.Select(key => new CommandKey(key, RefusalReason.RequestIdReused)),
                    .. held.Select(one => JointStackTurns.Outcome(one.Coupon.RedemptionId)).Distinct()
                        .Select(key => new CommandKey(key, RefusalReason.TooManyConflicts)),
                ]);
        }
        catch (RpcFailure) when (held.Count > 0)
        {
            await GiveUpAsync(held, caller);
            throw;
        }
    }

    // First nobody can decide for it any more, then it is free. A call of the same order that has decided took the key before.
    private async ValueTask GiveUpAsync(List<HeldCode> held, Caller caller)
    {
        foreach (var (asked, coupon) in held)
        {
            _ = await grains.AskAsync(
                new Command(
                    caller.Partition,
                    [new CommandKey(JointStackTurns.Outcome(coupon.RedemptionId), RefusalReason.OrderIdReused)],
                    UInt128.Zero,
                    _ => Decision.Silent()),
                CancellationToken.None);
            _ = await grains.AskAsync(
                new Command(
                    PartitionId.Agreement(coupon.AgreementId),
                    [],
                    UInt128.Zero,
                    turn => JointStackTurns.Release(turn, asked.Route.Asker, coupon.AgreementId, coupon.RedemptionId)),
                CancellationToken.None);
        }
    }

    // The effect of the commit does the same, and surely; the till sees its coupons used when it has the answer.
    private async ValueTask TakeAsync(
        RedeemCouponsResponse answer, RedeemCoupon till, List<StackedJoint> routes, Caller caller, CallContext call)
    {
        foreach (var one in answer.Redemptions)
        {
            if (one.Redemption is not { AgreementId.Length: > 0 } redemption) continue;
            var entity = routes.Find(route => route.Position == one.Index)?.Route.Asker.EntityId;
            var given = redemption.Discount.MinorUnits;
            var decided = new StackDecided(
                redemption.RedemptionId,
                given,
                DiscountSpread.Over(till.Basket?.Lines ?? [], given),
                entity,
                redemption.RedeemTime.ToInstant());
            var agreement = PartitionId.Agreement(redemption.AgreementId);
            _ = await grains.AskAsync(
                new Command(agreement, [], UInt128.Zero, turn => JointStackTurns.Decided(turn, caller.Partition, agreement, decided)),
                call.Cancellation);
        }
    }

    /// <summary>A code of the order that is a joint coupon.</summary>
    private sealed record StackedJoint(int Position, RedeemCoupon Till, JointRoute Route);

    private sealed record HeldCode(StackedJoint Asked, HeldJointCoupon Coupon);
}
