using NodaTime;
using Retention.Server.Commands;
using Retention.Server.Demo;
using Retention.Server.Demo.Dataset;

namespace Retention.Server.Tests.Demo;

public class ScenarioFileTests
{
    private static readonly DemoDataset Year = GeneratedDataset.Create();

    [Fact]
    public void Keys_that_are_not_given_keep_their_defaults()
    {
        Assert.Equal(Scenario.For(Year), Read("{}"));
        Assert.Equal((30, 1, 199L, 3333), (Read("{}").DaysValid, Read("{}").MaxOpenPerCustomer,
            Read("{}").CouponMinorUnits, Read("{}").IssuerShareBps));
    }

    [Fact]
    public void Every_key_overrides_its_default()
    {
        var scenario = Read("""
            {"brands": ["alder", "ember"], "days_valid": 7, "max_open_per_customer": 2,
             "max_issued_per_customer_month": 3, "coupon_minor_units": 250, "issuer_share_bps": 5000,
             "return_every_nth_event": 4, "return_after_days": 9, "as_of": "2025-06-30"}
            """);

        Assert.Equal(["alder", "ember"], scenario.Brands);
        Assert.Equal(
            (7, 2, 3, 250L, 5000, 4, 9, new LocalDate(2025, 6, 30)),
            (scenario.DaysValid, scenario.MaxOpenPerCustomer, scenario.MaxIssuedPerCustomerMonth,
                scenario.CouponMinorUnits, scenario.IssuerShareBps, scenario.ReturnEveryNthEvent,
                scenario.ReturnAfterDays, scenario.AsOf));
    }

    [Theory]
    [InlineData("""{"days": 7}""", "days")]
    [InlineData("""{"days_valid": -1}""", "days_valid")]
    [InlineData("""{"days_valid": 1.5}""", "days_valid")]
    [InlineData("""{"days_valid": "30"}""", "days_valid")]
    [InlineData("""{"days_valid": 3, "days_valid": 4}""", "days_valid")]
    [InlineData("""{"max_open_per_customer": 0}""", "max_open_per_customer")]
    [InlineData("""{"max_issued_per_customer_month": 0}""", "max_issued_per_customer_month")]
    [InlineData("""{"coupon_minor_units": 0}""", "coupon_minor_units")]
    [InlineData("""{"issuer_share_bps": 10001}""", "issuer_share_bps")]
    [InlineData("""{"return_every_nth_event": 0}""", "return_every_nth_event")]
    [InlineData("""{"return_after_days": -1}""", "return_after_days")]
    [InlineData("""{"as_of": "2025-02-29"}""", "as_of")]
    [InlineData("""{"invalid_redemptions": "nowhere.csv"}""", "invalid_redemptions")]
    [InlineData("""{"brands": []}""", "brands")]
    [InlineData("""{"brands": ["a", "a"]}""", "brands")]
    [InlineData("""{"brands": ["a b"]}""", "brands")]
    [InlineData("""[]""", "object")]
    [InlineData("""{"days_valid": 7""", "JSON")]
    public void What_cannot_be_meant_is_refused_by_name(string json, string named)
    {
        var fault = Assert.Throws<UsageFailure>(() => Read(json));

        Assert.Contains(named, fault.Message);
    }

    private static Scenario Read(string json) => ScenarioFile.Parse(json, ".", Year);
}
