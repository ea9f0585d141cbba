using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>The one form of lines and statements, written out here once more: it must never change under the same name.</summary>
public sealed class StatementHashTests
{
    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    private readonly JointScene scene = new();

    [Fact]
    public void A_line_has_one_form_and_escapes_what_could_be_mistaken()
    {
        var line = new ClearingLine(
            12,
            Instant.FromUtc(2017, 5, 1, 16, 0).PlusNanoseconds(120_000_000),
            new LocalDate(2017, 5, 1),
            "REDEEMED",
            "1",
            "cpn_1",
            "r|1 é",
            3,
            "USD",
            -66,
            66,
            "ent:1",
            [new LineDetail("fx_rate", "1.2"), new LineDetail("source", "a=b;c")]);

        Assert.Equal(
            "12|2017-05-01T16:00:00.12Z|2017-05-01|REDEEMED|1|cpn_1|r%7C1%20%C3%A9|3|USD|-66|66|ent:1|fx_rate=1.2;source=a%3Db%3Bc",
            line.ToString());
    }

    [Fact]
    public void Lines_chain_to_the_statement_and_statements_to_each_other_as_anybody_can_compute()
    {
        scene.Active().Buy(Bakery, "p-1");
        scene.Entity = "north";
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 7, 5));
        scene.Return(Bakery, "p-1");
        scene.Move(Noon(2017, 8, 1));

        var lines = scene.Books.Journal.Select(change => change.Fact).OfType<EntryFact>()
            .Select(entry => ClearingLine.Of("USD", entry).ToString()).ToList();
        var (may, june, july) = (Month(5), Month(6), Month(7));
        Assert.StartsWith("1|2017-05-01T16:00:00Z|2017-05-01|REDEEMED|1|cpn_", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("|1|USD|-66|66|north|", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("|1|USD|66|-66|north|", lines[1], StringComparison.Ordinal);

        var mayLines = Hash($"{Zeros}\n{lines[0]}");
        var mayHash = Hash($"statement/1|agr-1|2017-05|USD|0|-66|0|0|0|0|-66|1|2,north,-66,0|{Zeros}|{mayLines}");
        var juneHash = Hash($"statement/1|agr-1|2017-06|USD|-66|0|0|0|0|0|-66|0||{mayHash}|{mayHash}");
        var julyLines = Hash($"{juneHash}\n{lines[1]}");
        var julyHash = Hash($"statement/1|agr-1|2017-07|USD|-66|0|-66|0|0|0|0|1|2,north,0,-66|{juneHash}|{julyLines}");
        Assert.Equal((Zeros, mayLines, mayHash), (may.PreviousHash, may.LinesHash, HashOf(may)));
        Assert.Equal((mayHash, mayHash, juneHash), (june.PreviousHash, june.LinesHash, HashOf(june)));
        Assert.Equal((juneHash, julyLines, julyHash), (july.PreviousHash, july.LinesHash, HashOf(july)));
    }

    [Fact]
    public void Companies_have_subtotals_of_their_own_and_a_reversal_falls_to_the_one_that_redeemed()
    {
        scene.Active(Terms with { MaxOpenPerCustomer = 0 }).Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        scene.Buy(Shoes, "p-3");
        var codes = scene.Wallet(Bakery);
        scene.Entity = "north";
        var redemption = scene.Redeemed(Shoes, codes[0]);
        scene.Entity = "east";
        scene.Redeemed(Shoes, codes[1]);
        scene.Reverse(Shoes, redemption);
        scene.Entity = null;
        scene.Redeemed(Bakery, scene.Wallet(Shoes)[0]);

        Assert.Equal(
            [
                new EntitySum(Side.First, "", 66, 0),
                new EntitySum(Side.Second, "east", -66, 0),
                new EntitySum(Side.Second, "north", -66, -66),
            ],
            Month(5).Entities.AsEnumerable());
        Assert.Equal(Month(5).Redeemed, Month(5).Entities.Sum(entity => entity.Redeemed));
    }

    [Fact]
    public void Companies_beyond_the_limit_share_one_subtotal()
    {
        ImmutableArray<EntitySum> sums = [];
        for (var company = 0; company < EntitySum.EntitiesMax + 5; company++)
        {
            sums = EntitySum.Added(sums, Side.Second, $"c-{company:000}", StatementSum.Redeemed, 1);
        }

        Assert.Equal(EntitySum.EntitiesMax + 1, sums.Length);
        Assert.Equal(new EntitySum(Side.Second, "*", 5, 0), sums[0]);
        Assert.Equal("2,*,5,0", sums[0].ToString());
    }

    [Fact]
    public void A_month_that_was_saved_before_there_were_companies_has_none()
    {
        var old = PeriodTotals.Begin(new LocalDate(2017, 5, 1), 0, Zeros) with { Entities = default };

        Assert.Empty(old.Entities);
    }

    private PeriodTotals Month(int month) => ((StatementView)scene.Books.Ask(turn => ClearingTurns.Statement(
        turn, scene.Asks(Bakery), Id, new LocalDate(2017, month, 1))).Reply!).Period;

    private static string HashOf(PeriodTotals period) => period.StatementHash(Id, "USD");

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
