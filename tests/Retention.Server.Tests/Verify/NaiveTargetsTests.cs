using Retention.Domain.Tests.Offers;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Server.Tests.Verify;

/// <summary>The naive lists agree with those that an offer grew, and with nothing that was changed afterwards.</summary>
public sealed class NaiveTargetsTests
{
    private static readonly OfferScene Lived = Live();

    [Fact]
    public void A_grown_list_has_no_difference()
    {
        Assert.Empty(Judging.Judged(new NaiveTargets(), Lived.Books, fact => [fact], state => state));
    }

    [Theory]
    [InlineData("offer-targets-listed")]
    [InlineData("targets-listed")]
    [InlineData("targets-moved")]
    public void A_dropped_fact_is_found(string type)
    {
        Assert.NotEmpty(Judging.Judged(new NaiveTargets(), Lived.Books, Judging.Once(type, _ => []), state => state));
    }

    [Theory]
    [InlineData("offer-targets", "\"customer-1\"", "\"customer-x\"")]
    [InlineData("offer-targets", "\"customer-1\",", "")]
    [InlineData("offer-targets", "(\"[^\"]+\"),(\"[^\"]+\")", "$2,$1")]
    [InlineData("offer", "\"listed_count\":\\d+", "\"listed_count\":7")]
    public void A_changed_state_is_found(string kind, string was, string becomes)
    {
        Assert.NotEmpty(Judging.Judged(
            new NaiveTargets(), Lived.Books, fact => [fact], Judging.Regex(kind, was, becomes)));
    }

    [Fact]
    public void A_customer_in_the_wrong_bucket_is_found()
    {
        // Moved as a whole, in facts and states alike: only the place is wrong.
        static string Misplaced(string text) => text.Replace("customer-1\"", "customer-y\"");

        Assert.NotEmpty(Judging.Judged(
            new NaiveTargets(), Lived.Books, fact => [Misplaced(fact)], Misplaced));
    }

    private static OfferScene Live()
    {
        var scene = new OfferScene();
        scene.Active(Spring);
        scene.Target("off-1", [.. Enumerable.Range(1, 200).Select(number => $"customer-{number}")]);
        scene.Target("off-1", [.. Enumerable.Range(150, 500).Select(number => $"customer-{number}")]);
        return scene;
    }
}
