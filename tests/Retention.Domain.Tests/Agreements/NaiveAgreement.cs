using NodaTime;

namespace Retention.Domain.Tests.Agreements;

/// <summary>An agreement as a shop owner would keep it on paper: every coupon with its days, and who owes what.</summary>
public sealed class NaiveAgreement(int daysValid, int maxOpen, int maxMonth, bool mirrors)
{
    private readonly List<Coupon> coupons = [];
    private readonly Dictionary<(string, string, int, int), int> issuedInMonth = [];

    /// <summary>What the shoe shop is owed.</summary>
    public long Owed { get; private set; }

    public bool IsPaused { get; set; }

    public bool Buy(string leg, string customer, string purchase, LocalDate day)
    {
        var month = (leg, customer, day.Year, day.Month);
        var open = coupons.Count(coupon => coupon.Leg == leg && coupon.Customer == customer && IsOpen(coupon, day));
        if (IsPaused || open >= maxOpen || issuedInMonth.GetValueOrDefault(month) >= maxMonth) return false;
        issuedInMonth[month] = issuedInMonth.GetValueOrDefault(month) + 1;
        coupons.Add(new Coupon(leg, customer, purchase, day.PlusDays(daysValid)));
        return true;
    }

    public void Return(string leg, string purchase, LocalDate day)
    {
        if (coupons.Find(coupon => coupon.Leg == leg && coupon.Purchase == purchase) is not { } coupon) return;
        if (IsOpen(coupon, day)) coupon.IsVoided = true;
        if (!coupon.IsUsed || coupon.IsReturned) return;
        coupon.IsReturned = true;
        if (!mirrors) return;
        coupon.IsClawedBack = true;
        Owe(coupon, -66);
    }

    public bool Redeem(string leg, string purchase, LocalDate day)
    {
        var coupon = coupons.Single(coupon => coupon.Leg == leg && coupon.Purchase == purchase);
        if (!IsOpen(coupon, day)) return false;
        coupon.IsUsed = true;
        Owe(coupon, 66);
        return true;
    }

    public void Reverse(string leg, string purchase)
    {
        var coupon = coupons.Single(coupon => coupon.Leg == leg && coupon.Purchase == purchase);
        coupon.IsUsed = false;
        coupon.IsVoided = coupon.IsReturned;
        if (!coupon.IsClawedBack) Owe(coupon, -66);
        coupon.IsClawedBack = false;
    }

    /// <summary>Issued, consumed, expired, open, voided, clawed back.</summary>
    public (long, long, long, long, long, long) Counts(string leg, LocalDate day)
    {
        var all = coupons.FindAll(coupon => coupon.Leg == leg);
        return (
            all.Count,
            all.Count(coupon => coupon.IsUsed),
            all.Count(coupon => !coupon.IsUsed && !coupon.IsVoided && coupon.LastDay < day),
            all.Count(coupon => IsOpen(coupon, day)),
            all.Count(coupon => coupon.IsVoided),
            all.Count(coupon => coupon.IsClawedBack));
    }

    private static bool IsOpen(Coupon coupon, LocalDate day) =>
        !coupon.IsUsed && !coupon.IsVoided && day <= coupon.LastDay;

    // Leg 1 is redeemed at the shoe shop, leg 2 at the bakery.
    private void Owe(Coupon coupon, long amount) => Owed += coupon.Leg == "1" ? amount : -amount;

    private sealed class Coupon(string leg, string customer, string purchase, LocalDate lastDay)
    {
        public string Leg => leg;

        public string Customer => customer;

        public string Purchase => purchase;

        public LocalDate LastDay => lastDay;

        public bool IsUsed { get; set; }

        public bool IsVoided { get; set; }

        public bool IsReturned { get; set; }

        public bool IsClawedBack { get; set; }
    }
}
