using Google.Protobuf;
using Retention.Server.Load;
using Retention.V1;

namespace Retention.Server.Tests.Load;

public sealed class PreparedMessageTests
{
    [Fact]
    public void A_purchase_is_another_one_for_every_number()
    {
        var workload = LoadWorkloads.Purchase("run", 50);

        var purchases = Enumerable.Range(0, 500).Select(number => Patched<RecordPurchaseRequest>(workload, number)).ToList();

        Assert.Equal("load.run.000000000007", purchases[7].RequestId);
        Assert.Equal("run.000000000007", purchases[7].PurchaseId);
        Assert.Equal(500, purchases.Select(purchase => purchase.RequestId).Distinct().Count());
        Assert.Equal(500, purchases.Select(purchase => purchase.PurchaseId).Distinct().Count());
        Assert.Equal(
            Enumerable.Range(0, 50).Select(number => LoadWorkloads.CustomerId(number)),
            purchases.Select(purchase => purchase.CustomerId).Distinct().Order());
        Assert.All(purchases, purchase => Assert.Equal(purchase.Total, purchase.Lines.Single().Amount));
    }

    [Fact]
    public void A_number_repeats_the_same_purchase()
    {
        var workload = LoadWorkloads.Purchase("run", 1_000_000);

        Assert.Equal(Patched<RecordPurchaseRequest>(workload, 42), Patched<RecordPurchaseRequest>(workload, 42));
        Assert.Equal(
            "run.999999999999", Patched<RecordPurchaseRequest>(workload, 999_999_999_999).PurchaseId);
    }

    [Fact]
    public void Enrolled_customers_are_those_that_buy()
    {
        var enrolled = Patched<EnrollCustomerRequest>(LoadWorkloads.Enroll([3]), 3);

        Assert.Equal("load.enroll.000000000003", enrolled.RequestId);
        Assert.Equal(LoadWorkloads.CustomerId(3), enrolled.CustomerId);
    }

    [Fact]
    public void Each_coupon_is_redeemed_once_under_an_order_of_its_own_and_asked_about_at_random()
    {
        var codes = new CodeTable(3);
        string[] all = ["0123456789ABCDEFGH", "1123456789ABCDEFGH", "2123456789ABCDEFGH"];
        foreach (var code in all)
        {
            codes.Add(code);
        }

        var redemptions = LoadWorkloads.Redemptions("run", codes);
        var validations = LoadWorkloads.Validation(codes);

        Assert.Equal(all, Enumerable.Range(0, 3).Select(number => Patched<RedeemCouponRequest>(redemptions, number).Code));
        Assert.Equal("run.000000000002", Patched<RedeemCouponRequest>(redemptions, 2).OrderId);
        Assert.Equal(all, Enumerable.Range(0, 100).Select(number => Patched<ValidateCouponRequest>(validations, number).Code).Distinct().Order());
        Assert.Throws<LoadException>(() => new CodeTable(1).Add("SHORT"));
    }

    [Fact]
    public void A_field_that_the_message_does_not_hold_is_refused() =>
        Assert.Throws<ArgumentException>(() => new PreparedMessage(new EchoRequest(), new DigitField(1, number => number)));

    private static T Patched<T>(Workload workload, long number)
        where T : IMessage<T>, new()
    {
        var bytes = workload.Message.Bytes.ToArray();
        workload.Message.Patch(bytes, number);
        return new MessageParser<T>(() => new T()).ParseFrom(bytes);
    }
}
