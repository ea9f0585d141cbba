using Retention.Kernel;

namespace Retention.Simulation.Toy;

/// <summary>
/// The grains of the toy domain. A tenant's partition holds purses, offers, sales and a reserve per agreement;
/// an agreement's holds coupons, the parties' clearing accounts and the reserves behind the open coupons.
/// Each partition has its own clock, as tenants on a virtual clock do.
/// </summary>
public static class ToyGrains
{
    public const long OfferBudget = 25;
    public const long OfferLimit = 6;
    public const long JointLimit = 18;

    public const string Purse = "purse";
    public const string Offer = "offer";
    public const string Sale = "sale";
    public const string Reserve = "reserve";
    public const string Coupon = "coupon";
    public const string Account = "account";
    public const string Clock = "clock";

    /// <summary>A capture that could not become a redemption; its key is the coupon's.</summary>
    public const string Conflict = "conflict";

    /// <summary>A redemption whose lines may come back: its worth, its rate, and which lines are back. Its key is the coupon's.</summary>
    public const string Use = "use";

    /// <summary>The rate of the second currency, in hundredths.</summary>
    public const string Rate = "rate";

    /// <summary>What a party's account comes to in the second currency.</summary>
    public const string Counter = "counter";

    public static GrainId RateOf(PartitionId agreement) => new(agreement, Rate, Rate);

    public static GrainId PurseOf(PartitionId tenant, string key) => new(tenant, Purse, key);

    /// <summary>What coupons of other brands, redeemed here, have brought in.</summary>
    public static GrainId TillOf(PartitionId tenant) => new(tenant, Purse, "till");

    public static GrainId ClockOf(PartitionId partition) => new(partition, Clock, Clock);

    public static PartitionId Tenant(int index) => PartitionId.Tenant(((char)('A' + index)).ToString());

    /// <summary>The agreement between a tenant and the next one.</summary>
    public static PartitionId Agreement(int index) => PartitionId.Agreement($"{(char)('A' + index)}{(char)('B' + index)}");

    /// <summary>The other party of an agreement.</summary>
    public static string Partner(PartitionId agreement, string brand) =>
        agreement.OwnerId[0] == brand[0] ? agreement.OwnerId[1..] : agreement.OwnerId[..1];
}

/// <summary>Where a coupon stands; the number is its state's status.</summary>
public static class CouponStatus
{
    public const long Open = 1;
    public const long Redeemed = 2;
    public const long Reversed = 3;
    public const long Voided = 4;
    public const long Expired = 5;
}
