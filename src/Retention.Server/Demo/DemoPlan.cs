using System.Globalization;
using NodaTime;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Demo;

/// <summary>A household showed that it is a customer of a brand.</summary>
public sealed record JointEvent(LocalDate Date, string Household, string Brand);

/// <summary>All that a demo will do, worked out from data and scenario before a server is asked anything.</summary>
public sealed class DemoPlan
{
    private static readonly IComparer<string> AsNumber = Comparer<string>.Create(CompareHouseholds);

    public DemoPlan(DemoDataset dataset, Scenario scenario, IReadOnlyList<DemoRedemption> invalid)
    {
        Dataset = dataset;
        Scenario = scenario;
        Redemptions = [.. ByDate(dataset.Redemptions).Where(redemption => redemption.Row.Date <= scenario.AsOf)];
        Invalid = [.. ByDate(invalid)];
        Events = [.. EventsOf(dataset, scenario)];
        Returns = Enumerable.Range(1, Events.Count)
            .Where(number => scenario.ReturnEveryNthEvent is { } nth && number % nth == 0)
            .Where(number => Events[number - 1].Date.PlusDays(scenario.ReturnAfterDays) <= scenario.AsOf)
            .ToLookup(number => Events[number - 1].Date.PlusDays(scenario.ReturnAfterDays));
        Pairs = [.. scenario.Brands.SelectMany((first, at) =>
            scenario.Brands.Skip(at + 1).Select(second => (first, second)))];
    }

    public DemoDataset Dataset { get; }

    public Scenario Scenario { get; }

    /// <summary>By date, then in file order; numbered by their row.</summary>
    public IReadOnlyList<NumberedRedemption> Redemptions { get; }

    public IReadOnlyList<NumberedRedemption> Invalid { get; }

    /// <summary>
    /// By date, then household as a number, then brand in the scenario's order; none after its last date.
    /// </summary>
    public IReadOnlyList<JointEvent> Events { get; }

    /// <summary>Numbers of the trigger purchases to return, by the date of their return.</summary>
    public ILookup<LocalDate, int> Returns { get; }

    /// <summary>Every date on which something happens, ascending.</summary>
    public IEnumerable<LocalDate> Dates => Redemptions.Select(redemption => redemption.Row.Date)
        .Concat(Events.Select(happened => happened.Date))
        .Concat(Returns.Select(returns => returns.Key))
        .Distinct()
        .Order();

    /// <summary>Each two brands once, in the scenario's order.</summary>
    public IReadOnlyList<(string First, string Second)> Pairs { get; }

    /// <summary>The brands with a tenant: the chain, and those of the scenario.</summary>
    public IEnumerable<string> TenantBrands => Scenario.Brands.Prepend(Dataset.Chain).Distinct();

    public LocalDate FirstDate => Redemptions.Select(redemption => redemption.Row.Date)
        .Concat(Events.Select(happened => happened.Date))
        .Append(Scenario.AsOf)
        .Min();

    /// <summary>The households that a brand's tenant meets.</summary>
    public IEnumerable<string> CustomersOf(string brand)
    {
        var met = Events.Where(happened => happened.Brand == brand).Select(happened => happened.Household);
        return (brand == Dataset.Chain ? met.Concat(CustomersOfChain(Redemptions)) : met).Distinct().Order(AsNumber);
    }

    /// <summary>The households that a chain's campaigns are for, and those that try to redeem.</summary>
    public IEnumerable<string> CustomersOfChain(IEnumerable<NumberedRedemption> redemptions) =>
        Dataset.Campaigns.SelectMany(campaign => campaign.Households)
            .Concat(redemptions.Select(redemption => redemption.Row.Household))
            .Distinct()
            .Order(AsNumber);

    private static IEnumerable<NumberedRedemption> ByDate(IReadOnlyList<DemoRedemption> rows) => rows
        .Select((row, index) => new NumberedRedemption(index + 1, row))
        .OrderBy(redemption => redemption.Row.Date);

    private static IEnumerable<JointEvent> EventsOf(DemoDataset dataset, Scenario scenario)
    {
        var order = scenario.Brands.Index().ToDictionary(brand => brand.Item, brand => brand.Index);
        return dataset.Redemptions
            .Where(row => row.Date <= scenario.AsOf)
            .Select(row => new JointEvent(
                row.Date, row.Household, dataset.BrandOfCoupon.GetValueOrDefault(row.Upc, "")))
            .Where(happened => order.ContainsKey(happened.Brand))
            .Distinct()
            .OrderBy(happened => happened.Date)
            .ThenBy(happened => happened.Household, AsNumber)
            .ThenBy(happened => order[happened.Brand]);
    }

    // Ids that are no numbers come after all that are.
    private static int CompareHouseholds(string? left, string? right)
    {
        var leftIsNumber = ulong.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out var leftNumber);
        var rightIsNumber = ulong.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var rightNumber);
        if (leftIsNumber && rightIsNumber && leftNumber != rightNumber) return leftNumber.CompareTo(rightNumber);
        return leftIsNumber == rightIsNumber ? string.CompareOrdinal(left, right) : leftIsNumber ? -1 : 1;
    }
}

/// <param name="Number">The row's place in its file, from 1.</param>
public sealed record NumberedRedemption(int Number, DemoRedemption Row);
