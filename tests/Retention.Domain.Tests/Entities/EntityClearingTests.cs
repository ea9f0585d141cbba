using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Entities;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Entities;

public sealed class EntityClearingTests
{
    private const string Tenant = "chain";
    private static readonly Instant Now = Instant.FromUtc(2017, 5, 1, 16, 0);

    private static readonly TenantState Chain = TenantState.Initial with
    {
        Exists = true,
        TenantId = Tenant,
        Currency = "EUR",
        TimeZone = "Europe/Vilnius",
    };

    /// <summary>
    /// Whatever parts of a discount come back, in whatever order: what stands between two companies is always the
    /// rounded-down share of what was not returned, and when all is returned nothing stands.
    /// Method: return a discount in random parts, and compare with one division of the whole.
    /// </summary>
    [Fact]
    public void Parts_taken_back_never_exceed_what_was_cleared_and_the_last_takes_the_rest() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            Gen.Choose(1, 5_000).NonEmptyListOf().ToArbitrary(),
            Gen.Choose(1, 9_999).ToArbitrary(),
            (parts, cleared) =>
            {
                var discount = parts.Sum(part => (long)part);
                var books = new Books();
                var grain = EntityArea.AccountId(Tenant, "north", "south");
                var fact = new EntityCleared
                {
                    Number = 1,
                    First = "north",
                    Second = "south",
                    Currency = "EUR",
                    Redemption = "red_1",
                    Cause = EntityCause.Coupon,
                    FirstMinorUnits = -cleared,
                    SecondMinorUnits = cleared,
                    At = Now,
                    On = new LocalDate(2017, 5, 1),
                };
                books.Given(grain, fact);
                long given = 0;
                foreach (var part in parts)
                {
                    var before = given;
                    books.Ask(turn => EntityClearing.Reversed(
                        turn, Decision.With(new object()), Chain, [new Change(grain, fact)], Now, before, before + part, discount));
                    given += part;
                    var account = books.State<EntityAccountState>(grain);
                    Assert.Equal(-(cleared - (cleared * given / discount)), account.FirstNet);
                    Assert.Equal(0, account.FirstNet + account.SecondNet);
                }

                return books.State<EntityAccountState>(grain).FirstNet == 0;
            }));

    [Theory]
    [InlineData("entity-account.EntityCleared.json", false)]
    [InlineData("entity-account.EntityReversed.json", true)]
    public void Facts_are_stored_for_ever_as_they_stand_in_the_golden_files(string file, bool isReversal)
    {
        EntityFact fact = isReversal ? new EntityReversed() : new EntityCleared();
        var full = fact with
        {
            At = Now,
            On = new LocalDate(2017, 5, 1),
            Number = 2,
            First = "north",
            Second = "south",
            Currency = "EUR",
            Redemption = "red_0123456789abcdef0123456789abcdef",
            Cause = EntityCause.Gift,
            Subject = "mug",
            FirstMinorUnits = -250,
            SecondMinorUnits = 250,
        };
        var bytes = new ArrayBufferWriter<byte>();
        EntityArea.Account.EncodeFact(full, bytes);
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", file);

        Assert.Equal(File.ReadAllText(path).Trim(), Encoding.UTF8.GetString(bytes.WrittenSpan));
        Assert.Equal(full, EntityArea.Account.DecodeFact(bytes.WrittenSpan));
    }

    [Fact]
    public void Months_close_by_the_day_and_chain()
    {
        var fact = new EntityCleared { Number = 1, Second = "south", Currency = "EUR", At = Now, On = new(2017, 5, 1), FirstMinorUnits = 5, SecondMinorUnits = -5 };
        var may = EntityAccountState.Initial.Evolve(fact);
        var july = may.MovedTo(new LocalDate(2017, 7, 1));

        Assert.Equal(["2017-05", "2017-06"], july.Closed.Select(month => $"{month.StartsOn:uuuu-MM}"));
        Assert.Equal((5, july.Closed[1].StatementHash("/south", "EUR")), (july.Period!.Opening, july.Period.PreviousHash));
    }
}
