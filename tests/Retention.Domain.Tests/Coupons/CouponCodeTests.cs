using System.Buffers.Binary;
using Retention.Domain.Coupons;

namespace Retention.Domain.Tests.Coupons;

public sealed class CouponCodeTests
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    [Fact]
    public void A_code_has_no_look_alikes_and_is_read_with_dashes_in_any_case_and_with_O_I_and_L_for_0_and_1()
    {
        var code = Code(1);

        Assert.Equal(18, code.Length);
        Assert.DoesNotContain(code, letter => "ILOU".Contains(letter, StringComparison.Ordinal));
        Assert.Equal(code, CouponCode.Own(code.ToLowerInvariant().Insert(9, "-")));
        Assert.Equal(code, CouponCode.Own(code.Replace('0', 'O').Replace('1', 'l')));
        Assert.Null(CouponCode.Joint(code));
    }

    [Fact]
    public void A_code_carries_85_bits_each_of_which_changes_it()
    {
        var random = new byte[CouponCode.RandomBytes];
        var codes = new HashSet<string> { CouponCode.Of(random) };
        for (var bit = 0; bit < 85; bit++)
        {
            var flipped = new byte[CouponCode.RandomBytes];
            flipped[bit / 8] = (byte)(0x80 >> (bit % 8));
            codes.Add(CouponCode.Of(flipped));
        }

        Assert.Equal(86, codes.Count);
    }

    [Fact]
    public void Every_single_wrong_character_is_found()
    {
        foreach (var code in Enumerable.Range(0, 20).Select(Code))
        {
            for (var place = 0; place < code.Length; place++)
            {
                foreach (var wrong in Digits.Where(digit => digit != code[place]))
                {
                    Assert.Null(CouponCode.Own(code[..place] + wrong + code[(place + 1)..]));
                }
            }
        }
    }

    [Fact]
    public void Every_exchange_of_two_neighbors_is_found()
    {
        foreach (var code in Enumerable.Range(0, 200).Select(Code))
        {
            for (var place = 0; place + 1 < code.Length; place++)
            {
                if (code[place] == code[place + 1]) continue;
                var swapped = code[..place] + code[place + 1] + code[place] + code[(place + 2)..];
                Assert.Null(CouponCode.Own(swapped));
            }
        }
    }

    [Fact]
    public void Codes_of_one_agreement_share_a_prefix_that_says_where_they_belong()
    {
        var prefix = CouponCode.Prefix("agr-1");
        var code = CouponCode.Of(prefix, new byte[CouponCode.RandomBytes]);

        Assert.Equal(22, code.Length);
        Assert.StartsWith(prefix, code, StringComparison.Ordinal);
        Assert.Equal(code, CouponCode.Joint(code));
        Assert.NotEqual(prefix, CouponCode.Prefix("agr-2"));
    }

    [Fact]
    public void A_redemption_is_found_by_its_id_and_other_texts_name_none()
    {
        var key = Kernel.LedgerKey.Request("t-1", "req-1");

        Assert.Equal(key, RedemptionId.Key(RedemptionId.Of(key)));
        Assert.Null(RedemptionId.Key("red_12"));
        Assert.Null(RedemptionId.Key("red_" + new string('x', 32)));
    }

    private static string Code(int seed)
    {
        var random = new byte[CouponCode.RandomBytes];
        BinaryPrimitives.WriteUInt64BigEndian(random, unchecked((ulong)(seed + 1) * 0x9E3779B97F4A7C15));
        return CouponCode.Of(random);
    }
}
