using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Coupons;
using Retention.Domain.Offers;
using Retention.Domain.Tests.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Coupons;

public sealed class CodeSeriesTests
{
    private static readonly Offer Unique = Spring with { Kind = OfferKind.UniqueCodes, Code = "", CodePrefix = "SPR17" };
    private static readonly byte[] Key = SeriesCode.Key(Convert.ToBase64String(new byte[32]));

    private readonly OfferScene scene = new();

    [Fact]
    public void A_series_of_a_million_is_three_facts_and_each_of_its_codes_is_redeemed_once()
    {
        scene.Active(Unique);
        var before = scene.Books.Journal.Count;
        var series = scene.Series("off-1", 1_000_000);

        Assert.Equal(before + 3, scene.Books.Journal.Count);
        Assert.Equal(1_000_000, scene.State("off-1").IssuedCount);
        foreach (var index in new[] { 0, 1, 777_777, 999_999 })
        {
            var code = series.CodeAt(index);
            Assert.StartsWith("SPR17", code, StringComparison.Ordinal);
            Assert.Equal(CouponCode.CouponId(code), scene.Redeemed(Till(code.ToLowerInvariant())).CouponId);
            Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Refused(Till(code)));
        }
    }

    [Fact]
    public void A_code_beyond_the_series_of_another_prefix_or_of_another_tenant_is_unknown()
    {
        scene.Active(Unique);
        var series = scene.Series("off-1", 1000);
        var bare = CouponCode.OfBits("", CouponCode.BitsOf(series.CodeAt(5)));
        var strange = series with { Key = SeriesCode.Key(Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray())) };

        Assert.Equal(RefusalReason.CouponNotFound, scene.Refused(Till(series.CodeAt(1000))));
        Assert.Equal(RefusalReason.CouponNotFound, scene.Refused(Till(bare)));
        Assert.Equal(RefusalReason.CouponNotFound, scene.Refused(Till(strange.CodeAt(5))));
    }

    [Fact]
    public void Two_series_share_no_code_and_each_keeps_its_end()
    {
        scene.Active(Unique with { Validity = new OfferValidity(null, null, "", 30) });
        var first = scene.Series("off-1", 600);
        scene.Now(Noon(2017, 5, 11));
        var second = scene.Series("off-1", 600);

        Assert.NotEqual(first.CodeAt(0), second.CodeAt(0));
        scene.Now(Noon(2017, 6, 5));
        Assert.Equal(RefusalReason.AfterEnd, scene.Refused(Till(first.CodeAt(0))));
        scene.Redeemed(Till(second.CodeAt(0)));
    }

    /// <summary>No two codes are alike, each tells its place again, none spells a banned word.</summary>
    [Fact]
    public void Codes_do_not_collide_and_tell_their_place()
    {
        var codes = new HashSet<UInt128>();
        for (var index = 0; index < 20_000; index++)
        {
            var place = new SeriesPlace(index % 7, index);
            var code = SeriesCode.Of(Key, "", place);
            Assert.True(codes.Add(CouponCode.BitsOf(code)));
            Assert.Equal(place, SeriesCode.PlaceOf(Key, code));
            Assert.False(BannedWords.In(code));
            Assert.Equal(code, CouponCode.Own(code));
        }
    }

    /// <summary>The cipher is a permutation of 85 bits. Method: decrypting undoes encrypting, and stays within 85 bits.</summary>
    [Fact]
    public void Encryption_is_undone_by_decryption() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(ArbMap.Default.ArbFor<(ulong High, ulong Low)>(), bits =>
        {
            var plain = (((UInt128)bits.High << 64) | bits.Low) & (((UInt128)1 << 85) - 1);
            var secret = SeriesCode.Encrypt(Key, plain);
            return secret >> 85 == 0 && SeriesCode.Decrypt(Key, secret) == plain;
        }));

    /// <summary>Half of a code's bits change with any bit of its place. Method: counted over 1,000 neighbors.</summary>
    [Fact]
    public void Neighbors_have_nothing_in_common()
    {
        var changed = 0L;
        for (var index = 0; index < 1000; index++)
        {
            var left = CouponCode.BitsOf(SeriesCode.Of(Key, "", new SeriesPlace(1, index)));
            var right = CouponCode.BitsOf(SeriesCode.Of(Key, "", new SeriesPlace(1, index ^ 1)));
            changed += (long)UInt128.PopCount(left ^ right);
        }

        Assert.InRange(changed, 41_500, 43_500);
    }

    [Fact]
    public void A_word_is_banned_in_letters_and_in_digits_that_look_like_them()
    {
        Assert.True(BannedWords.In("0000HE110000000000"));
        Assert.True(BannedWords.In("00005EX00000000000"));
        Assert.False(BannedWords.In("000000000000000000"));
    }

    [Fact]
    public void A_prefix_has_no_look_alikes_and_not_the_length_of_an_agreements()
    {
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Unique with { CodePrefix = "SAVE" })?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Unique with { CodePrefix = "SUMMER" })?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Unique with { CodePrefix = "ABCDEFGHJ" })?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, scene.Create(Spring with { CodePrefix = "ABC" })?.Reason);
        Assert.Null(scene.Create(Unique));
    }

    [Fact]
    public void A_coupon_issued_alone_has_the_offers_prefix_too()
    {
        scene.Active(Unique);

        var code = scene.Issue("off-1");

        Assert.StartsWith("SPR17", code, StringComparison.Ordinal);
        scene.Redeemed(Till(code));
    }

    [Fact]
    public void A_partners_codes_are_taken_in_once_and_redeemed_once()
    {
        scene.Active(Spring);
        scene.Active(Unique with { OfferId = "off-2", CodePrefix = null });

        Assert.Equal((2, "2,3"), Imported("wk-001", "WK-002", "Wk-001", "save10"));
        Assert.Equal((1, "0"), Imported("WK-001", "wk-003"));
        Assert.Equal("off-2", scene.Redeemed(Till("wk-001")).OfferId);
        Assert.Equal(RefusalReason.AlreadyRedeemed, scene.Refused(Till("WK-001")));
        Assert.Equal(RefusalReason.OfferExists, scene.Create(Spring with { OfferId = "off-3", Code = "wk-002" })?.Reason);
        Assert.Equal(3, scene.State("off-2").IssuedCount);
    }

    [Fact]
    public void A_partners_code_in_the_form_of_a_unique_one_is_found_with_dashes_too()
    {
        scene.Active(Unique with { CodePrefix = null });
        var code = CouponCode.Of([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        scene.Books.Granted<CodesImported>(turn => CodeSeriesTurns.Import(turn, new ImportCodes(Tenant, "off-1", [code])));

        scene.Redeemed(Till(code.ToLowerInvariant().Insert(6, "-")));
    }

    private (int Count, string Taken) Imported(params string[] codes)
    {
        var imported = scene.Books.Granted<CodesImported>(
            turn => CodeSeriesTurns.Import(turn, new ImportCodes(Tenant, "off-2", [.. codes])));
        return (imported.Imported, string.Join(',', imported.Taken));
    }
}
