using NodaTime;
using NodaTime.Text;

namespace Retention.Server.Verify;

/// <summary>The coupons that a party's own purchases gave, for the memo lines of its statements.</summary>
internal sealed class CheckedCoupons
{
    private readonly List<(int Side, string Month, long MinorUnits)> issued = [];
    private readonly Dictionary<string, (int Side, string EndsOn, string OpenSince, long MinorUnits)> open = [];

    public void See(FeedJson told)
    {
        var (couponId, day, face) = (told.Text("couponId"), told.Text("day"), told.Long("faceMinorUnits"));

        // The first side issues in leg 1.
        var side = told.Text("legId") == "1" ? 1 : 2;
        switch (told.Text("couponChange"))
        {
            case "COUPON_CHANGE_ISSUED":
                issued.Add((side, day[..7], face));
                open[couponId] = (side, told.Text("endsOn"), day, face);
                break;
            case "COUPON_CHANGE_REOPENED":
                open[couponId] = (side, told.Text("endsOn"), day, face);
                break;
            case "COUPON_CHANGE_REDEEMED" or "COUPON_CHANGE_VOIDED":
                open.Remove(couponId);
                break;
        }
    }

    public (long Count, long MinorUnits) Issued(int side, string month) =>
        Sum(issued.Where(coupon => coupon.Side == side && coupon.Month == month).Select(coupon => coupon.MinorUnits));

    /// <param name="until">The last day that counts, inclusive.</param>
    public (long Count, long MinorUnits) Expired(int side, string month, string until) => Sum(open.Values
        .Select(coupon => (coupon.Side, Day: ExpiredOn(coupon.EndsOn, coupon.OpenSince), coupon.MinorUnits))
        .Where(coupon => coupon.Side == side && coupon.Day[..7] == month && string.CompareOrdinal(coupon.Day, until) <= 0)
        .Select(coupon => coupon.MinorUnits));

    private static string ExpiredOn(string endsOn, string openSince)
    {
        var next = LocalDatePattern.Iso.Format(LocalDatePattern.Iso.Parse(endsOn).GetValueOrThrow().PlusDays(1));
        return string.CompareOrdinal(next, openSince) > 0 ? next : openSince;
    }

    private static (long, long) Sum(IEnumerable<long> faces)
    {
        var (count, sum) = (0L, 0L);
        foreach (var face in faces)
        {
            count++;
            sum += face;
        }

        return (count, sum);
    }
}
