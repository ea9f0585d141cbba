using Retention.Domain.Agreements;
using Retention.Kernel;
using static Retention.Kernel.Refusal;
using static Retention.Kernel.RefusalReason;

namespace Retention.Domain.Customers;

/// <summary>What agreements tell a customer's wallet. The message names him by an id that only his tenant can open.</summary>
public static class CustomerEffects
{
    public static Decision Receive(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.JointCouponReceived);
        var coupon = new JointCoupon(
            message.CouponId,
            message.AgreementId,
            message.Code,
            message.RedeemingBrandId,
            message.DiscountMinorUnits,
            message.Currency,
            message.ExpiresAt);
        return Tell(turn, from, to, message.AgreementId, message.Customer, new JointCouponHeld(coupon));
    }

    public static Decision End(ITurn turn, PartitionId from, PartitionId to, ReadOnlyMemory<byte> payload)
    {
        var message = JointMessages.Read(payload, JointMessagesJson.Default.JointCouponGone);
        var ended = new JointCouponEnded(
            message.CouponId, message.AgreementId, message.End == Agreements.JointCouponEnd.Redeemed);
        return Tell(turn, from, to, message.AgreementId, message.Customer, ended);
    }

    private static Decision Tell(
        ITurn turn, PartitionId from, PartitionId to, string agreementId, string reference, CustomerFact fact)
    {
        // Only the agreement itself speaks of its coupons.
        if (from != PartitionId.Agreement(agreementId)) return Because(NotAParty);

        var scope = TenantScope.Of(turn, to.OwnerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (!scope.Tenant.Exists) return Because(TenantNotFound);
        if (CustomerReference.Open(scope.Tenant, scope.TenantId, agreementId, reference) is not { } customerId)
        {
            return Because(CustomerNotFound);
        }

        var state = scope.Customer(customerId);
        if (!turn.IsComplete) return Decision.Silent();
        if (!state.IsActive) return Because(CustomerNotFound);

        return Decision.Silent().Change(
            CustomerGrains.Id(scope.Partition, customerId), fact with { At = state.Now(scope.Now) });
    }
}
