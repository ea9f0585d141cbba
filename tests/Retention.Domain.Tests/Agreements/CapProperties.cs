using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Coupons;
using Retention.Domain.Tests.Links;
using static Retention.Domain.Tests.Agreements.JointScene;
using Side = Retention.Domain.Agreements.Side;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Laws of funding and of caps over both brands (JC2, JC9) over generated months of two shops.</summary>
public sealed class CapProperties
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(120).WithEndSize(240);

    /// <summary>
    /// A purchase gives a coupon exactly when no cap is reached: open coupons and coupons of the month of one person, who
    /// where he is linked is one at both brands; the length of the chain; what either brand may come to bear in the month.
    /// What is owed is each discount's share, and the rest of the rounding is the named party's.
    /// Method: shares and the rounding party are drawn; beside the grains a plain list of coupons is kept and every cap is
    /// counted from it anew; links come and go.
    /// </summary>
    [Fact]
    public void Caps_of_persons_chains_and_brands_are_met_exactly_and_shares_add_up() =>
        Check.One(Thorough, Prop.ForAll(LifeStep.Lives, steps => new Month(steps).Live()));

    private sealed record Given(string Code, string Tenant, string Person, int Depth, LocalDate On, bool IsUsed)
    {
        public LocalDate EndsOn => On.PlusDays(DaysValid);
    }

    private const int DaysValid = 8;
    private const int OpenMax = 3;
    private const int MonthMax = 5;
    private const int Depth = 2;
    private const long Face = 199;

    private sealed class Month
    {
        private readonly LifeStep[] steps;
        private readonly LinkScene scene;
        private readonly List<Given> given = [];
        private readonly HashSet<string> linked = [];
        private readonly (long First, long Second) caps = (900, 1_400);
        private readonly int share;
        private readonly bool issuerRounds;
        private int purchases;
        private string redemption = "";
        private Given? used;

        public Month(LifeStep[] steps)
        {
            this.steps = steps;
            (share, issuerRounds) = steps.Length == 0 ? (3333, false) : (steps[0].Which * 39 % 10_001, steps[0].Hours % 2 == 0);
            scene = new LinkScene(Terms with
            {
                DaysValid = DaysValid,
                MaxOpenPerCustomer = 0,
                IssuerShareBps = share,
                IssuerRounds = issuerRounds,
                Caps = new CapTerms(caps.First, caps.Second, OpenMax, MonthMax, Depth),
            });
        }

        private LocalDate Today => scene.Joint.Now.InZone(Zone).Date;

        private long IssuerShare => issuerRounds
            ? (long)Math.Ceiling((decimal)Face * share / 10_000)
            : (long)Math.Floor((decimal)Face * share / 10_000);

        public void Live()
        {
            foreach (var step in steps.Take(70))
            {
                scene.Joint.Move(scene.Joint.Now + Duration.FromHours(step.Hours % 3 == 0 ? step.Hours % 70 : 0));
                Take(step);
                Compare();
            }
        }

        private void Take(LifeStep step)
        {
            var (tenant, person) = (step.Which % 3 == 0 ? Shoes : Bakery, step.Which % 5 == 0 ? "bert" : "anna");
            switch (step.Kind % 8)
            {
                case 0 or 1 or 2 or 3:
                    Buy(tenant, person);
                    break;
                case 4 or 5 when given.FindLast(one => !one.IsUsed && one.EndsOn >= Today) is { } open:
                    Redeem(open);
                    break;
                case 6 when used is not null:
                    BuyWith(used.Tenant == Bakery ? Shoes : Bakery);
                    break;
                case 7:
                    Link(person);
                    break;
            }
        }

        private void Buy(string tenant, string person)
        {
            var expected = IsFree(tenant, person, 1);
            var got = Got(tenant, person, purchase => scene.Joint.Buy(tenant, purchase, person));
            Assert.Equal(expected, got is not null);
            if (got is not null) given.Add(new Given(got, tenant, person, 1, Today, false));
        }

        // The sale that used the last redemption gives a coupon that stands after it in its chain.
        private void BuyWith(string tenant)
        {
            var depth = used!.Depth + 1;
            var expected = depth <= Depth && IsFree(tenant, "anna", depth);
            var got = Got(tenant, "anna", purchase => scene.Joint.BuyWith(tenant, purchase, redemption));
            Assert.Equal(expected, got is not null);
            if (got is not null) given.Add(new Given(got, tenant, "anna", depth, Today, false));
            used = null;
        }

        private string? Got(string tenant, string person, Action<string> buy)
        {
            var before = scene.Joint.Wallet(tenant, person);
            buy($"p-{purchases++}");
            return scene.Joint.Wallet(tenant, person).Except(before).SingleOrDefault();
        }

        private void Redeem(Given open)
        {
            var decision = scene.Joint.Redeem(open.Tenant == Bakery ? Shoes : Bakery, open.Code);
            Assert.Null(decision.Refusal);
            given[given.IndexOf(open)] = used = open with { IsUsed = true };
            redemption = ((CouponRedemption)decision.Reply!).RedemptionId;
        }

        private void Link(string person)
        {
            if (linked.Remove(person))
            {
                Assert.Null(scene.Unlink(Bakery, person).Refusal);
                return;
            }

            Assert.Null(scene.Allow(Bakery, person).Refusal);
            Assert.Null(scene.Allow(Shoes, person).Refusal);
            var (token, refusal) = scene.Take(Bakery, person);
            Assert.Null(refusal);
            Assert.Null(scene.Bring(Shoes, person, token).Refusal);
            linked.Add(person);
        }

        private bool IsFree(string tenant, string person, int depth)
        {
            var his = given.FindAll(one => one.Person == person && (one.Tenant == tenant || linked.Contains(person)));
            var month = given.FindAll(one => IsThisMonth(one.On));
            return depth <= Depth
                && his.Count(one => !one.IsUsed && one.EndsOn >= Today) < OpenMax
                && his.Count(one => IsThisMonth(one.On)) < MonthMax
                && Bears(Side.First, month) + Part(Side.First, tenant) <= caps.First
                && Bears(Side.Second, month) + Part(Side.Second, tenant) <= caps.Second;
        }

        private long Bears(Side side, List<Given> coupons) => coupons.Sum(one => Part(side, one.Tenant));

        private long Part(Side side, string issuer) =>
            side == LinkScene.SideOf(issuer) ? IssuerShare : Face - IssuerShare;

        private bool IsThisMonth(LocalDate day) => (day.Year, day.Month) == (Today.Year, Today.Month);

        private void Compare()
        {
            var owed = given.Where(one => one.IsUsed).Sum(one => one.Tenant == Bakery ? IssuerShare : -IssuerShare);
            Assert.Equal((-owed, owed), (scene.Joint.Account.FirstNet, scene.Joint.Account.SecondNet));
            var month = given.FindAll(one => IsThisMonth(one.On));
            Assert.InRange(Bears(Side.First, month), 0, caps.First);
            Assert.InRange(Bears(Side.Second, month), 0, caps.Second);
        }
    }
}
