using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>Asks the agreements what became of the coupons and who owes whom.</summary>
internal static class ReportReader
{
    public static async Task<IReadOnlyList<PairReport>> PairsAsync(
        DemoPlan plan, DemoWorld world, CancellationToken stop)
    {
        var pairs = new Dictionary<(string Issuer, string Redeemer), PairReport>();
        foreach (var agreement in world.Agreements)
        {
            var position = await agreement.PositionAsync(stop);
            var nets = position.Positions.ToDictionary(side => side.Brand, side => side.Net.MinorUnits);
            foreach (var leg in (await agreement.ReportAsync(stop)).Legs)
            {
                pairs[(leg.Issuing.BrandId, leg.Redeeming.BrandId)] = Pair(leg, nets[leg.Issuing.BrandId]);
            }
        }

        return [.. plan.Scenario.Brands.SelectMany(issuer => plan.Scenario.Brands
            .Where(redeemer => redeemer != issuer)
            .Select(redeemer => pairs[(issuer, redeemer)]))];
    }

    public static IReadOnlyList<BrandNet> Brands(IReadOnlyList<PairReport> pairs) =>
        [.. pairs.GroupBy(pair => pair.Issuer)
            .Select(mine => new BrandNet(mine.Key, mine.Sum(pair => pair.NetMinorUnits)))];

    private static PairReport Pair(JointLegReport leg, long net) => new(
        leg.Issuing.BrandId,
        leg.Redeeming.BrandId,
        leg.Issued,
        leg.Consumed,
        leg.Expired,
        leg.Open,
        leg.Voided,
        leg.ClawedBack,
        leg.Net.MinorUnits,
        net);
}
