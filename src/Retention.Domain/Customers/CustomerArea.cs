using Retention.Domain.Agreements;

namespace Retention.Domain.Customers;

/// <summary>Customers, their keys, their purchases, and what agreements tell their wallets.</summary>
public static class CustomerArea
{
    public static readonly Area Area = new(
        [CustomerGrains.Customer, CustomerGrains.Key, CustomerGrains.Purchase],
        new Dictionary<string, EffectTurn>
        {
            [JointMessages.Received] = CustomerEffects.Receive,
            [JointMessages.Gone] = CustomerEffects.End,
        });
}
