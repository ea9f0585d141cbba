using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of redemptions of which lines come back, over generated lives.</summary>
public sealed class PartReversalProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(300);

    /// <summary>
    /// Lines take back the share of the credit that lay on them, once and at whatever age: of what waits for its sale, of what is
    /// owed, and of what clears late; a return that the sale tells, too, counts once. The last line ends the redemption. Both books
    /// sum to zero at every moment, and no closed month changes.
    /// Method: baskets of three lines come back in pieces, before and after their sale, among returns of the sale, reversals,
    /// claw-backs, disputes and jumps of months; each return is sent twice; a naive book keeps lines and credit by hand.
    /// </summary>
    [Fact]
    public void Lines_that_come_back_take_their_share_once_and_the_last_ends_the_redemption() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, life => new Life().Live(life)));

    private const long Given = 199;
    private const long Credit = 66;
    private const long Fee = 10;
    private const int TaxBps = 2100;

    private sealed class Piece(long amount, long quantity, long discount)
    {
        private long taken;

        public long Left => quantity - taken;

        public long AmountBack { get; private set; }

        public long DiscountBack => discount * AmountBack / amount;

        public void Take(long pieces)
        {
            AmountBack = Left == pieces ? amount : AmountBack + amount * pieces / quantity;
            taken += pieces;
        }
    }

    private sealed class Coupon(string purchase, string code, LocalDate endsOn)
    {
        public string Purchase => purchase;

        public string Code => code;

        public LocalDate EndsOn => endsOn;

        public string Redemption { get; set; } = "";

        public Instant ConfirmBy { get; set; }

        public Piece[] Pieces { get; set; } = [];

        public long Back => Pieces.Sum(piece => piece.DiscountBack);

        public bool IsSold { get; set; }

        public int Quarters { get; set; }

        public long Returned { get; set; }

        public long Disputed { get; set; }

        public bool IsReturned { get; set; }

        public bool IsVoided { get; set; }

        public bool IsGone { get; set; }

        public long Net => Redemption.Length > 0 && IsSold && !IsGone ? Credit - Returned - Disputed : 0;

        public long Later(Instant now) => Redemption.Length > 0 && !IsSold && !IsGone && now < ConfirmBy ? Credit - Returned : 0;
    }

    private sealed class Life
    {
        private readonly JointScene scene = new JointScene().Active(Terms with
        {
            MaxOpenPerCustomer = 0,
            DaysValid = 366,
            SettlesAtSale = true,
            ConfirmWithinSeconds = 48 * 3600,
            DisputeDays = AgreementTerms.DaysMax,
            Fees = [new FeeTerms(FeeTrigger.Redemption, true, Fee, 0)],
            Tax = new TaxTerms(TaxTreatment.Exclusive, TaxBps, false),
        });

        private readonly List<Coupon> coupons = [];
        private readonly Dictionary<LocalDate, string> closed = [];
        private int compared;

        private LocalDate Today => scene.Now.InZone(Zone).Date;

        public void Live(LifeStep[] life)
        {
            foreach (var step in life)
            {
                scene.Move(scene.Now + Duration.FromHours(step.Hours % 5 == 0 ? step.Hours : 0));
                if (step.Kind % 12 == 0 || coupons.Count == 0) Buy();
                else Take(step, coupons[^(1 + step.Which % 4 / 3 * (step.Which % coupons.Count))]);
                Compare();
            }
        }

        private static long Tax(long amount) => (amount * TaxBps + 5_000) / 10_000;

        private void Buy()
        {
            var before = scene.Wallet(Bakery);
            var purchase = $"p-{compared}-{coupons.Count}";
            scene.Buy(Bakery, purchase);
            coupons.AddRange(scene.Wallet(Bakery).Except(before).Select(code => new Coupon(purchase, code, Today.PlusDays(366))));
        }

        private void Take(LifeStep step, Coupon coupon)
        {
            var sale = "s-" + coupon.Redemption;
            switch (step.Kind % 12)
            {
                case 1 or 2 or 3:
                    Redeem(coupon);
                    break;
                case 4 or 5 or 6 or 7 when coupon.Redemption.Length > 0:
                    ReverseLine(coupon, step.Which % 3, step.Hours % 3 + 1);
                    break;
                case 8 when coupon.Redemption.Length > 0:
                    scene.Sell(Shoes, sale, coupon.Redemption);
                    coupon.IsSold = true;
                    break;
                case 9 when coupon is { IsSold: true, Redemption.Length: > 0 }:
                    coupon.Quarters = Math.Min(4, coupon.Quarters + 1);
                    scene.ReturnSale(Shoes, sale, coupon.Redemption, 250 * coupon.Quarters);
                    Return(coupon, (Credit - coupon.Disputed) * coupon.Quarters / 4);
                    break;
                case 10 when coupon.Redemption.Length > 0 && step.Which % 3 == 0:
                    var left = Given - coupon.Back;
                    End(coupon, (CouponReversal)scene.Reverse(Shoes, coupon.Redemption).Reply!, left);
                    break;
                case 10 when step.Which % 3 == 1:
                    scene.Return(Bakery, coupon.Purchase);
                    if (coupon is { Redemption.Length: > 0, IsReturned: false }) (coupon.IsReturned, coupon.IsGone) = (true, true);
                    else if (coupon.Redemption.Length == 0 && coupon.EndsOn >= Today) coupon.IsVoided = true;
                    break;
                case 11 when coupon is { Net: > 1, Disputed: 0 }:
                    Dispute(coupon, step.Which % (coupon.Net - 1) + 1);
                    break;
            }
        }

        private void Redeem(Coupon coupon)
        {
            var isOpen = coupon is { Redemption.Length: 0, IsVoided: false } && coupon.EndsOn >= Today;
            var redeemed = scene.RedeemLines(Shoes, coupon.Code, (301, 3), (499, 5), (200, 1));
            Assert.Equal(isOpen, redeemed.Refusal is null);
            if (redeemed.Reply is not CouponRedemption redemption) return;

            // Up to each line, rounded down: 59 of 301, 159 of 800, 199 of 1000.
            coupon.Pieces = [new Piece(301, 3, 59), new Piece(499, 5, 100), new Piece(200, 1, 40)];
            (coupon.Redemption, coupon.ConfirmBy) = (redemption.RedemptionId, scene.Now + Duration.FromHours(48));
            (coupon.IsSold, coupon.Quarters, coupon.Returned, coupon.Disputed, coupon.IsGone) = (false, 0, 0, 0, false);
        }

        private void ReverseLine(Coupon coupon, int line, long pieces)
        {
            var (piece, before, id) = (coupon.Pieces[line], coupon.Back, $"r-{scene.Books.Journal.Count}");
            var asked = new CouponReturnLine($"{line}", pieces, null);
            var reversed = scene.ReverseLines(Shoes, coupon.Redemption, id, asked);
            if (pieces > piece.Left)
            {
                Assert.Equal(RefusalReason.ReturnExceedsPurchase, reversed.Refusal?.Reason);
                return;
            }

            Assert.Equal(reversed.Reply, scene.ReverseLines(Shoes, coupon.Redemption, id, asked).Reply);
            piece.Take(pieces);
            var reply = (CouponReversal)reversed.Reply!;
            if (coupon.Pieces.All(one => one.Left == 0))
            {
                End(coupon, reply, coupon.Back - before);
                return;
            }

            Assert.Equal((coupon.Back - before, false, false), (reply.DiscountMinorUnits, reply.IsWhole, reply.IsReopened));
            Return(coupon, (Credit - coupon.Disputed) * coupon.Back / Given);
        }

        private static void Return(Coupon coupon, long share)
        {
            if (!coupon.IsGone) coupon.Returned = Math.Max(coupon.Returned, share);
        }

        private static void End(Coupon coupon, CouponReversal reply, long discount)
        {
            Assert.Equal((discount, true, !coupon.IsReturned), (reply.DiscountMinorUnits, reply.IsWhole, reply.IsReopened));
            coupon.Redemption = "";
            coupon.IsVoided = coupon.IsReturned;
        }

        private void Dispute(Coupon coupon, long amount)
        {
            var entry = scene.Books.Journal.Select(change => change.Fact).OfType<RedemptionConfirmed>()
                .Last(fact => fact.Redemption == coupon.Redemption);
            var id = $"d-{entry.Number}";
            Assert.Null(scene.OpenDispute(Bakery, entry, id).Refusal);
            Assert.Null(scene.ResolveDispute(Shoes, id, DisputeOutcome.Accepted, amount).Refusal);
            coupon.Disputed += amount;
        }

        private void Compare()
        {
            var account = scene.Account;
            var owed = coupons.Sum(coupon =>
            {
                var fee = Fee * coupon.Net / Credit;
                return coupon.Net + Tax(coupon.Net) + fee + Tax(fee);
            });
            var later = coupons.Sum(coupon => coupon.Later(scene.Now));
            Assert.Equal((-owed, owed), (account.FirstNet, account.SecondNet));
            Assert.Equal((-later, later), (account.FirstProvisional, account.SecondProvisional));
            Assert.Equal(-later, account.Pending.Sum(pending => pending.FirstMinorUnits));
            foreach (var month in account.Closed)
            {
                var hash = month.StatementHash(account.AgreementId, account.Currency);
                if (!closed.TryAdd(month.StartsOn, hash)) Assert.Equal(closed[month.StartsOn], hash);
            }

            for (; compared < scene.Books.Journal.Count; compared++)
            {
                if (scene.Books.Journal[compared].Fact is not EntryFact entry) continue;
                Assert.All(Enum.GetValues<Book>(), book => Assert.Equal(
                    0, entry.Postings.Where(posting => posting.Book == book).Sum(posting => posting.MinorUnits)));
            }
        }
    }
}
